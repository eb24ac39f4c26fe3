using UioInterop.Machines.Protocol;

namespace UioInterop.TestRunner;

/// <summary>
/// Where a guest test says which kernel log lines it provoked on purpose. A warning that nobody announced fails the
/// run, so announce exactly what was waited for and seen, nothing in advance.
/// </summary>
public static class Announcements
{
    private static Action<GuestRecord>? s_emit;

    /// <summary>The lines as read from /dev/kmsg: the text alone, without level and time.</summary>
    public static void Announce(params IReadOnlyList<string> lines) => s_emit?.Invoke(new AnnouncedRecord(lines));

    /// <summary>Has the host send so many Ethernet frames to everybody on the machine's wire.</summary>
    public static void AskForFrames(int count) => s_emit?.Invoke(new FramesRecord(count));

    /// <summary>Free text for the person who watches the run.</summary>
    public static void Say(string text) => s_emit?.Invoke(new OutputRecord(text));

    internal static IDisposable SentTo(Action<GuestRecord> emit)
    {
        var outer = s_emit;
        s_emit = emit;
        return new Restore(outer);
    }

    private sealed class Restore(Action<GuestRecord>? outer) : IDisposable
    {
        public void Dispose() => s_emit = outer;
    }
}
