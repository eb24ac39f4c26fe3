using UioInterop.Harness.Kernels;

namespace UioInterop.Harness.Machines;

/// <summary>The device tree that a machine boots with, as the blob that QEMU takes: compiled, unless it is one.</summary>
internal static class DeviceTree
{
    /// <summary>Compiles it into a directory; null when the machine has none of ours.</summary>
    public static async Task<string?> CompileAsync(Machine machine, string directory, CancellationToken cancel)
    {
        if (machine.DeviceTree is not { } source)
            return null;
        if (Path.GetExtension(source) == ".dtb")
            return source;
        var blob = Path.Combine(directory, Path.ChangeExtension(Path.GetFileName(source), ".dtb"));
        await Shell.RunAsync("dtc", ["-I", "dts", "-O", "dtb", "-o", blob, source], cancel);
        return blob;
    }
}
