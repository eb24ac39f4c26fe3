using UioInterop.Machines.Protocol;

namespace UioInterop.Machines;

/// <summary>A machine to boot, as a description. A new one is a new value in <see cref="MachineList"/>.</summary>
public sealed record Machine
{
    /// <summary>Its name, by which a command asks for it.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, in a few words, for a list of machines.</summary>
    public required string Summary { get; init; }

    /// <summary>The kernel that it boots.</summary>
    public required KernelVariant Kernel { get; init; }

    /// <summary>The QEMU that emulates it.</summary>
    public required string QemuBinary { get; init; }

    /// <summary>Board, CPU and devices; memory, ports, kernel and initramfs are added for every machine.</summary>
    public required IReadOnlyList<string> QemuArguments { get; init; }

    /// <summary>What the kernel's command line has for it, besides what every machine's has.</summary>
    public required IReadOnlyList<string> KernelArguments { get; init; }

    /// <summary>The device tree it boots with, as source; null when QEMU writes one or none is needed.</summary>
    public string? DeviceTree { get; init; }

    /// <summary>Whether <see cref="DeviceTree"/> includes the one that QEMU writes, as qemu.dts.</summary>
    public bool ExtendsQemusTree { get; init; }

    /// <summary>What tests find on it, besides what its architecture has; see the categories of the guest tests.</summary>
    public required IReadOnlyList<string> Traits { get; init; }

    /// <summary>The one category whose tests run on it; null for all that find what they need.</summary>
    public string? OnlyCategory { get; init; }

    /// <summary>Which of all guest tests run on it.</summary>
    public TestFilter FilterFor(string? text = null) =>
        new([.. Traits, .. Architecture.ProgramBuilds.Select(build => build.Name)], text, OnlyCategory);

    /// <summary>The serial port of the kernel's log, as the kernel names it: ttyS0.</summary>
    public required string ConsoleTty { get; init; }

    /// <summary>The serial port of the program's output or of the tests' results: ttyS1.</summary>
    public required string ResultTty { get; init; }

    /// <summary>How QEMU is told of the result port, which is its character device "results".</summary>
    public IReadOnlyList<string> ResultPort { get; init; } = ["-serial", "chardev:results"];

    /// <summary>Whether the host is on hub 0, with the Ethernet controllers there.</summary>
    public bool HasWire { get; init; }

    /// <summary>Whether QEMU has the cores of tests/logic as devices.</summary>
    public bool HasLogic { get; init; }

    /// <summary>The device whose UIO driver the tests drive.</summary>
    public required UioParent Device { get; init; }

    /// <summary>Its memory in MiB.</summary>
    public int MemoryMiB { get; init; } = 1024;

    /// <summary>How many processors it has.</summary>
    public int Cpus { get; init; } = 2;

    /// <summary>Lines of its boot that look like trouble and are none.</summary>
    public IReadOnlyList<KnownLine> KnownLines { get; init; } = [];

    /// <summary>Its kernel's.</summary>
    public Architecture Architecture => Kernel.Architecture;

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
