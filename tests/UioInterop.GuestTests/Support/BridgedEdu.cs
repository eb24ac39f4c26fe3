namespace UioInterop.GuestTests.Support;

/// <summary>An edu behind a bridge, which can reset it, driven through UIO until it is disposed.</summary>
internal sealed record BridgedEdu(SysDevice Device) : IDisposable
{
    /// <summary>The one that has its bridge for itself.</summary>
    public static BridgedEdu Alone() => Bound("0000:01:01.0");

    /// <summary>One of two behind a bridge.</summary>
    public static BridgedEdu Shared() => Bound("0000:02:01.0");

    public string DevicePath => "/dev/" + Path.GetFileName(Directory.GetDirectories($"{Device.Folder}/uio").Single());

    public void Dispose() => Device.Free();

    private static BridgedEdu Bound(string name)
    {
        var device = new SysDevice("pci", name);
        device.Bind("uio_pci_generic");
        return new BridgedEdu(device);
    }
}
