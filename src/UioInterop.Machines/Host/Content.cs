namespace UioInterop.Machines.Host;

/// <summary>
/// What machines are made from: the kernel's patches and configuration, device trees, init, the logic. A package has it in a
/// folder beside the program; otherwise it is the checkout that the program was built in.
/// </summary>
internal static class Content
{
    private static readonly string s_packaged = Path.Combine(AppContext.BaseDirectory, "machines-content");

    /// <summary>Whether it is a package's: programs for a guest are in it, too, and nothing is ever written to it.</summary>
    public static bool IsPackaged { get; } = Directory.Exists(s_packaged);

    public static string Root { get; } = IsPackaged ? s_packaged : CheckoutAround(AppContext.BaseDirectory);

    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string CheckoutAround(string from)
    {
        for (var directory = new DirectoryInfo(from); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "build.sh")))
                return directory.FullName;
        throw new MachineException($"There is no {s_packaged}, and {from} is not inside a checkout of UioInterop: "
            + "no build.sh in it or above it.");
    }
}
