using UioInterop.Machines.Protocol;

namespace UioInterop.Machines.Running;

/// <summary>Everything a verdict is made from. Nothing else is looked at.</summary>
public sealed record Evidence
{
    /// <summary>The console's lines: the kernel's log.</summary>
    public required IReadOnlyList<string> Console { get; init; }

    /// <summary>What the tests in the guest reported.</summary>
    public IReadOnlyList<GuestRecord> Records { get; init; } = [];

    /// <summary>How the emulator ended.</summary>
    public required QemuEnd Qemu { get; init; }

    /// <summary>The full names of the tests that should have run; null for a program that is no test run.</summary>
    public IReadOnlyList<string>? Expected { get; init; }

    /// <summary>Lines that look like trouble and are none.</summary>
    public IReadOnlyList<KnownLine> KnownLines { get; init; } = [];
}

/// <summary>How the emulator ended: by itself, or killed by us, and then why.</summary>
public sealed record QemuEnd(int? ExitCode, string ErrorOutput = "", string? KilledBecause = null);
