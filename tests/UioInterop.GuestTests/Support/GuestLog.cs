using System.Diagnostics;
using System.Text.RegularExpressions;

namespace UioInterop.GuestTests.Support;

/// <summary>The kernel log from the moment of opening on, as tests ask for it.</summary>
internal sealed class GuestLog : IDisposable
{
    private readonly KernelLog _log = KernelLog.OpenAtEnd();

    /// <summary>What came since the last call.</summary>
    public IReadOnlyList<KernelMessage> Drain()
    {
        var messages = new List<KernelMessage>();
        while (_log.TryRead(TimeSpan.Zero, out var message))
            messages.Add(message);
        return messages;
    }

    /// <summary>The next message; null when none comes in time.</summary>
    public KernelMessage? Next(TimeSpan timeout) => _log.TryRead(timeout, out var message) ? message : null;

    /// <summary>Waits for a message; null when none comes in time.</summary>
    public string? WaitFor(Regex pattern, TimeSpan timeout)
    {
        var started = Stopwatch.GetTimestamp();
        while (timeout - Stopwatch.GetElapsedTime(started) is var left && left > TimeSpan.Zero && _log.TryRead(left, out var message))
        {
            if (pattern.IsMatch(message.Text))
                return message.Text;
        }
        return null;
    }

    public void Dispose() => _log.Dispose();
}
