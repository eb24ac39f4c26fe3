using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;


namespace UioInterop.GuestTests.Support;

/// <summary>What a second process does: this same program, called with the name of a role.</summary>
internal static class ChildProcess
{
    private const string Import = "import";
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(40);

    /// <summary>Runs the role that the arguments name.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments is not [Import, var descriptor])
            throw new ArgumentException($"no such role: {string.Join(' ', arguments)}");

        var file = new SafeFileHandle(int.Parse(descriptor, CultureInfo.InvariantCulture), ownsHandle: true);
        var device = UioDevice.Open(UioDeviceId.FromPath(EduFunction.DevicePath));
        var mapping = device.Import(DmaBuf.FromHandle(file), DmaDirection.FromDevice);
        Console.WriteLine(mapping.Address.Value.ToString(CultureInfo.InvariantCulture));
        Thread.Sleep(Timeout.Infinite); // until it is killed
        return 0;
    }

    /// <summary>A process that imports the buffer and is killed. Returns where the device reached it.</summary>
    public static DeviceAddress ImportAndBeKilled(DmaBuf buffer)
    {
        using var handle = buffer.DuplicateHandle();
        using var inherited = RawFile.Duplicate(handle, inheritable: true);
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.ArgumentList.Add(Import);
        start.ArgumentList.Add(RawFile.Number(inherited).ToString(CultureInfo.InvariantCulture));
        using var process = Process.Start(start)!;
        try
        {
            var line = process.StandardOutput.ReadLineAsync();
            Assert.That(line.Wait(s_timeout), Is.True, "the other process said nothing");
            Assert.That(DmaBufTable.AttachmentsOf(EduFunction.Address), Is.EqualTo(1), "the other process has the buffer");
            return new DeviceAddress(ulong.Parse(line.Result!, CultureInfo.InvariantCulture));
        }
        finally
        {
            process.Kill();
            Assert.That(process.WaitForExit(s_timeout), Is.True);
        }
    }
}
