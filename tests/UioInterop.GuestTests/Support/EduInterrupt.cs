using UioInterop.Devices;

namespace UioInterop.GuestTests.Support;

/// <summary>edu's interrupt without its DMA: raised by a register, at once.</summary>
internal sealed class EduInterrupt
{
    public const int RaiseOffset = 0x60;

    // docs/specs/edu.rst, "MMIO area spec".
    private static readonly Register<uint> s_status = new(0x24, "interrupt status");
    private static readonly Register<uint> s_raise = new(RaiseOffset, "interrupt raise");
    private static readonly Register<uint> s_acknowledge = new(0x64, "interrupt acknowledge");

    private static readonly TimeSpan s_timeout = Bound.Long;

    private readonly UioDevice _device;
    private readonly Registers _registers;

    public EduInterrupt(UioDevice device)
    {
        _device = device;
        _registers = device.Registers;
        Acknowledge();
        device.EnableInterrupt();
    }

    /// <summary>Raises it. The kernel holds the next one back when it has counted this one.</summary>
    public void RaiseOnly() => _registers.Write(s_raise, 1);

    /// <summary>
    /// Raises it, and returns when the kernel has counted it: a thread of the kernel's does that, and two interrupts that
    /// it has not seen yet would count as one.
    /// </summary>
    public void Raise()
    {
        var before = Count();
        RaiseOnly();
        Assert.That(SpinWait.SpinUntil(() => Count() != before, s_timeout), Is.True, "the kernel counted the interrupt");
    }

    public void Acknowledge() => _registers.Write(s_acknowledge, _registers.Read(s_status));

    public void RaiseAndRearm()
    {
        Raise();
        Acknowledge();
        _device.EnableInterrupt();
    }

    private string Count() => File.ReadAllText($"/sys/class/uio/uio{_device.Info.Number}/event");
}
