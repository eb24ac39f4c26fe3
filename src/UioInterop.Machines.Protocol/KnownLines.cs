namespace UioInterop.Machines.Protocol;

/// <summary>Kernel log lines that look like trouble and are none. Host and guest excuse the same ones.</summary>
public static class KnownLines
{
    /// <summary>Of every kernel, while it boots and when it ends.</summary>
    public static IReadOnlyList<KnownLine> Everywhere { get; } =
    [
        new("^Lock dependency validator:", "lockdep's banner is printed without a level"),
        new(@"^\.\.\. (MAX_|CLASSHASH|CHAINHASH)", "lockdep's table sizes"),
        new("^ (memory used (by|for)|per task-struct)", "lockdep's memory"),
        new("^reboot: Power down$", "the end of every good run, at level 0"),
        new("^DMA-API: (preallocated|debugging (enabled|disabled))", "the DMA debug layer's banner"),
    ];

    /// <summary>Of any machine that QEMU emulates on a busy host, at any time. Tests in the guest excuse them, too.</summary>
    public static IReadOnlyList<KnownLine> Emulated { get; } =
    [
        new("^hrtimer: interrupt took", "an emulated CPU stands still while the host is busy"),
        new("^clocksource: ", "an emulated clock stops while the host is busy"),
        new("^uio_dmabuf_quarantine_file: [0-9]+ callbacks suppressed", "tests provoke more of its lines than ten in five seconds"),
    ];

    /// <summary>Of a PC that QEMU emulates on a busy host, at any time.</summary>
    public static IReadOnlyList<KnownLine> EmulatedPc { get; } =
    [
        .. Emulated,
        new("^tsc: (Unable to calibrate against PIT|Fast TSC calibration failed|HPET/PMTIMER calibration failed"
            + "|PIT calibration deviates from)", "an emulated timer does not tick while the host is busy"),
        new("^tsc: Marking TSC unstable|^TSC found unstable after boot", "an emulated TSC stops while the host is busy"),
        new("^APIC (calibration not consistent with PM-Timer|timer disabled due to verification failure)",
            "an emulated timer ticks late while the host is busy"),
        new("^Unstable clock detected, switching default tracing clock|^If you want to keep using the local clock|"
            + "^  \"trace_clock=local\"|^on the kernel command line", "an emulated TSC, and what the tracer makes of it"),
        new("^amd_pstate: the _CPC object is not present", "QEMU's CPU is an AMD one without frequency scaling"),
    ];

    /// <summary>Of a kernel that sees data races.</summary>
    public static KnownLine Kcsan { get; } = new("^kcsan: non-strict mode configured", "what it does not report changes no value");

    /// <summary>Of a kernel that a distribution built, with a module that it did not.</summary>
    public static IReadOnlyList<KnownLine> Debian { get; } =
    [
        new("^uio: loading out-of-tree module taints kernel", "it is our module"),
        new("^mtrr: your CPUs had inconsistent", "QEMU's second CPU has none of the firmware's settings"),
        new("^hpet: Lost \\d+ RTC interrupts", "a busy host lets the guest miss ticks"),
    ];

    /// <summary>Whether one of these is the line.</summary>
    public static bool Contain(IEnumerable<KnownLine> lines, string text) => lines.Any(line => line.Pattern.IsMatch(text));
}
