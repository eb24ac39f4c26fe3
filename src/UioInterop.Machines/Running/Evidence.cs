using UioInterop.Machines.Protocol;

namespace UioInterop.Machines.Running;

/// <summary>Everything a verdict is made from. Nothing else is looked at.</summary>
public sealed record Evidence
{
    public required IReadOnlyList<string> Console { get; init; }

    public IReadOnlyList<GuestRecord> Records { get; init; } = [];

    public required QemuEnd Qemu { get; init; }

    /// <summary>The full names of the tests that should have run; null for a program that is no test run.</summary>
    public IReadOnlyList<string>? Expected { get; init; }

    public IReadOnlyList<KnownLine> KnownLines { get; init; } = [];
}

/// <summary>How the emulator ended: by itself, or killed by us, and then why.</summary>
public sealed record QemuEnd(int? ExitCode, string ErrorOutput = "", string? KilledBecause = null);
