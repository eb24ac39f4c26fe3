using UioInterop.Machines.Protocol;

namespace UioInterop.GuestTests.Support;

/// <summary>The device of this machine that is driven through UIO, whichever it is: the harness's machine names it.</summary>
internal static class UnderTest
{
    private static readonly UioParent s_device = GuestSettings.FromKernel().Device
        ?? throw new InvalidOperationException("the kernel's command line names no device");

    /// <summary>Its name on its bus, which is also what the kernel calls it in lists.</summary>
    public static string Name => s_device.Name;

    /// <summary>It on its bus, whatever driver it has.</summary>
    public static SysDevice OnItsBus { get; } = new(s_device.Bus, s_device.Name);

    public static string DevicePath => "/dev/" + Path.GetFileName(Directory.GetDirectories($"{Device}/uio").Single());

    private static string Bus => $"/sys/bus/{s_device.Bus}";

    private static string Device => $"{Bus}/devices/{Name}";

    private static string Driver => $"{Bus}/drivers/{s_device.Driver}";

    /// <summary>The device beside whoever else has it open.</summary>
    public static UioDevice OpenShared() =>
        UioDevice.Open(UioDeviceId.FromParent(Name), new UioOpenOptions { IsExclusive = false });

    public static void Bind()
    {
        if (Directory.Exists($"{Driver}/{Name}"))
            return;
        File.WriteAllText($"{Device}/driver_override", s_device.Driver);
        File.WriteAllText($"{Bus}/drivers_probe", Name);
    }

    public static void Unbind() => File.WriteAllText($"{Driver}/unbind", Name);
}
