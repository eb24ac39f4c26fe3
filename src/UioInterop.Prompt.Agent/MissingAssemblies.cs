using System.Collections.Concurrent;
using System.Reflection;
using UioInterop.Prompt.Protocol;

namespace UioInterop.Prompt.Agent;

/// <summary>Finds what a statement needs and the agent's folder lacks: an earlier statement, or what the prompt has.</summary>
internal sealed class MissingAssemblies
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Assembly> _statements = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Assembly?>> _asked = new();
    private readonly FrameWriter _writer;
    private readonly int _reader = Environment.CurrentManagedThreadId;

    public MissingAssemblies(FrameWriter writer)
    {
        _writer = writer;
        AppDomain.CurrentDomain.AssemblyResolve += (_, wanted) => Resolve(new AssemblyName(wanted.Name));
    }

    public Assembly Load(ReadOnlyMemory<byte> assembly, ReadOnlyMemory<byte> symbols)
    {
        var loaded = Assembly.Load(assembly.ToArray(), symbols.IsEmpty ? null : symbols.ToArray());
        _statements[loaded.GetName().Name!] = loaded;
        return loaded;
    }

    public void Take(FileAnswer answer)
    {
        if (_asked.TryGetValue(answer.Name, out var asked))
            asked.TrySetResult(answer.Content.IsEmpty ? null : Assembly.Load(answer.Content.ToArray()));
    }

    private Assembly? Resolve(AssemblyName wanted)
    {
        if (wanted.Name is not { } name || name.EndsWith(".resources", StringComparison.Ordinal))
            return null;
        if (_statements.TryGetValue(name, out Assembly? statement))
            return statement;

        // This thread would have to take the answer, so it cannot wait for it.
        if (Environment.CurrentManagedThreadId == _reader)
            return null;
        var answer = new TaskCompletionSource<Assembly?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_asked.TryAdd(name, answer))
            _writer.Send(FrameKind.FileRequest, new FileRequest(name).ToBytes());
        Task<Assembly?> task = _asked[name].Task;
        return task.Wait(s_longest) ? task.Result : null;
    }
}
