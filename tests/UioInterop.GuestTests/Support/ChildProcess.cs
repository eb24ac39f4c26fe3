using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace UioInterop.GuestTests.Support;

/// <summary>A second process: this same program, called with the name of a role. It ends with its object.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const string ImportRole = "import";
    private const string HoldRole = "hold";
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(40);

    private static UioDevice? s_device; // keeps it from the collector

    private readonly Process _process;
    private readonly string _said;

    private ChildProcess(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        var line = _process.StandardOutput.ReadLineAsync();
        if (line.Wait(s_timeout) && line.Result is { } said)
        {
            _said = said;
            return;
        }

        Dispose();
        throw new TimeoutException($"the other process said nothing: {string.Join(' ', arguments)}");
    }

    public int Id => _process.Id;

    /// <summary>Runs the role that the arguments name.</summary>
    public static int Run(string[] arguments)
    {
        var said = arguments switch
        {
            [ImportRole, var descriptor] => Import(descriptor),
            [HoldRole, var path] => Open(path).Info.DevicePath,
            _ => throw new ArgumentException($"no such role: {string.Join(' ', arguments)}"),
        };
        Console.WriteLine(said);
        Thread.Sleep(Timeout.Infinite); // until it is killed
        return 0;
    }

    /// <summary>A process that has a device open.</summary>
    public static ChildProcess Hold(string path) => new(HoldRole, path);

    /// <summary>A process that imports the buffer and is killed. Returns where the device reached it.</summary>
    public static DeviceAddress ImportAndBeKilled(DmaBuf buffer)
    {
        using var handle = buffer.DuplicateHandle();
        using var inherited = RawFile.Duplicate(handle, inheritable: true);
        using var child = new ChildProcess(ImportRole, RawFile.Number(inherited).ToString(CultureInfo.InvariantCulture));
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(1), "the other process has the buffer");
        return new DeviceAddress(ulong.Parse(child._said, CultureInfo.InvariantCulture));
    }

    public void Dispose()
    {
        _process.Kill();
        Assert.That(_process.WaitForExit(s_timeout), Is.True);
        _process.Dispose();
    }

    private static string Import(string descriptor)
    {
        var file = new SafeFileHandle(int.Parse(descriptor, CultureInfo.InvariantCulture), ownsHandle: true);
        var mapping = Open(UnderTest.DevicePath).Import(DmaBuf.FromHandle(file), DmaDirection.FromDevice);
        return mapping.Address.Value.ToString(CultureInfo.InvariantCulture);
    }

    private static UioDevice Open(string path) => s_device = UioDevice.Open(UioDeviceId.FromPath(path));
}
