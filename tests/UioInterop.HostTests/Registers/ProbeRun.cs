using System.Collections.Concurrent;
using UioInterop.Harness.Guests;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Running;
using UioInterop.RegisterProbe;

namespace UioInterop.HostTests.Registers;

/// <summary>One boot of the register probe, and what the devices saw of it.</summary>
internal sealed record ProbeRun(RunReport Report, RegisterTrace Trace)
{
    private static readonly ConcurrentDictionary<Probe, Lazy<Task<ProbeRun>>> s_runs = new();

    /// <summary>The program's own words about its code.</summary>
    public HowCompiled HowCompiled => HowCompiled.Parse(File.ReadAllText(Path.Combine(Report.Directory, "output.txt")).Trim());

    /// <summary>Boots once, for the first that asks.</summary>
    public static Task<ProbeRun> OfAsync(Probe probe) =>
        s_runs.GetOrAdd(probe, _ => new Lazy<Task<ProbeRun>>(() => BootAsync(probe))).Value;

    private static async Task<ProbeRun> BootAsync(Probe probe)
    {
        var project = GuestPrograms.RegisterProbe with { Compilation = probe.Compilation };
        var kernel = await KernelBuilder.EnsureAsync(probe.Machine.Kernel, cancel: MachineRuns.Cancel);
        var trace = Path.Combine(
            Directory.CreateDirectory(Artifacts.At("register-trace")).FullName,
                $"{probe.Machine}-{probe.Compilation}.log");
        var report = await new GuestRun
        {
            Machine = probe.Machine with
            {
                QemuArguments = [.. probe.Machine.QemuArguments, "-device", "sdhci-pci,addr=8", .. RegisterTrace.QemuArguments(trace)],
            },
            Kernel = kernel,
            Initramfs = await Initramfs.BuildAsync(probe.Machine, project, kernel, others: [], MachineRuns.Cancel),
        }.ExecuteAsync(MachineRuns.Cancel);
        return new ProbeRun(report, RegisterTrace.Parse(File.ReadLines(trace)));
    }
}

/// <summary>Where the probe runs, and how it has been compiled.</summary>
internal sealed record Probe(Machine Machine, Compilation Compilation)
{
    public override string ToString() => $"{Machine}, {Compilation}";
}
