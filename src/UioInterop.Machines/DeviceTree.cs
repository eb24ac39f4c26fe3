using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Machines;

/// <summary>The device tree that a machine boots with, as the blob that QEMU takes: compiled, unless it is one.</summary>
internal static class DeviceTree
{
    /// <summary>Compiles it into a directory; null when the machine has none of ours.</summary>
    public static async Task<string?> CompileAsync(Machine machine, KernelImage kernel, string directory, CancellationToken cancel)
    {
        if (machine.DeviceTree is not { } source)
            return null;
        if (Path.GetExtension(source) == ".dtb")
            return source;
        if (machine.ExtendsQemusTree)
            await WriteQemusAsync(machine, kernel, directory, cancel);
        var blob = Path.Combine(directory, Path.ChangeExtension(Path.GetFileName(source), ".dtb"));
        await Shell.RunAsync("dtc", ["-I", "dts", "-O", "dtb", "-i", directory, "-o", blob, source], cancel);
        return blob;
    }

    /// <summary>Has QEMU write the tree that it would boot with, for ours to include. Without a kernel it would leave out PSCI.</summary>
    private static async Task WriteQemusAsync(Machine machine, KernelImage kernel, string directory, CancellationToken cancel)
    {
        var blob = Path.Combine(directory, "qemu.dtb");
        var board = machine.QemuArguments[machine.QemuArguments.ToList().IndexOf("-M") + 1];
        await Shell.RunAsync(machine.QemuBinary,
            ["-M", $"{board},dumpdtb={blob}", "-smp", $"{machine.Cpus}", "-m", $"{machine.MemoryMiB}", "-display", "none",
                "-kernel", kernel.Image], cancel);
        await Shell.RunAsync("dtc", ["-q", "-I", "dtb", "-O", "dts", "-o", Path.Combine(directory, "qemu.dts"), blob], cancel);
    }
}
