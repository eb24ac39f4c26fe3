using System.Reflection;
using UioInterop.Prompt.Protocol;

namespace UioInterop.Prompt.Agent;

/// <summary>
/// Runs statements, one after the other, and keeps what they declare. The compiler makes a class of each: its factory takes the
/// objects of the earlier ones, puts its own beside them, and runs.
/// </summary>
/// <param name="assemblies">Loads them.</param>
/// <param name="onEnd">Called when one has ended.</param>
internal sealed class Statements(MissingAssemblies assemblies, Action<RunResult> onEnd)
{
    private object?[] _states = new object?[64];
    private Statement? _current;
    private RunResult? _last;

    /// <summary>Starts a statement. One that came before is not run again; its result is sent again, if there is one.</summary>
    public void Run(RunRequest request)
    {
        if (_current is { } known && known.Number >= request.Number)
        {
            if (_last is { } last && last.Number == request.Number)
                onEnd(last);
            return;
        }

        if (_states.Length <= request.Slot)
            Array.Resize(ref _states, request.Slot * 2);
        object?[] states = _states;
        _current = new Statement(request, End);
        _current.Start(() => Load(request, states));
    }

    public void Interrupt() => _current?.Interrupt();

    private Task<object?> Load(RunRequest request, object?[] states)
    {
        Assembly assembly = assemblies.Load(request.Assembly, request.Symbols);
        // By its name alone: to take a name apart, .NET compiles what it searches with.
        MethodInfo factory = Array.Find(assembly.GetTypes(), type => type.Name == request.Type)
            ?.GetMethod("<Factory>", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            ?? throw new InvalidDataException($"{request.Type} is no statement's class.");
        return factory.CreateDelegate<Func<object?[], Task<object?>>>()(states);
    }

    private void End(RunResult result)
    {
        _last = result;
        onEnd(result);
    }
}
