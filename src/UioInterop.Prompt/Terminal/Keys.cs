using System.Collections.Concurrent;

namespace UioInterop.Prompt.Terminal;

/// <summary>
/// The keys that are pressed, read by a thread of their own: Ctrl-C works while a statement runs, and what is typed meanwhile is
/// for the next one.
/// </summary>
internal sealed class Keys
{
    private readonly BlockingCollection<ConsoleKeyInfo> _keys = [];

    /// <summary>Called for Ctrl-C; true when it is no key for the editor then.</summary>
    public Func<bool> OnInterrupt { get; set; } = () => false;

    public void Start()
    {
        // As a key, so that neither we nor the command that carries the line to the agent are ended by it.
        Console.TreatControlCAsInput = true;
        new Thread(Read) { IsBackground = true, Name = "keys" }.Start();
    }

    /// <summary>Waits for the next. False at the end.</summary>
    public bool TryTake(out ConsoleKeyInfo key) => _keys.TryTake(out key, Timeout.Infinite);

    /// <summary>Whether more has been typed, or pasted.</summary>
    public bool HasMore => _keys.Count > 0;

    private void Read()
    {
        try
        {
            while (true)
            {
                ConsoleKeyInfo key = Console.ReadKey(intercept: true);
                bool isInterrupt = key is { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control };
                if (!isInterrupt || !OnInterrupt())
                    _keys.Add(key);
            }
        }
        catch (Exception error) when (error is InvalidOperationException or IOException)
        {
            // The terminal is gone.
            _keys.CompleteAdding();
        }
    }
}
