using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices.SelfWriters;

/// <summary>What the kernel is told beforehand of a device whose process will be killed.</summary>
internal enum QuiesceChoice
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>How to stop it.</summary>
    Stop,

    /// <summary>To wait for what never comes, and the device goes on.</summary>
    WaitForever,
}

/// <summary>
/// A device that is given slots of memory and then fills them one after another, without being told again: as a network
/// card does. Where the slots are is in a ring, which it reads as it goes.
/// </summary>
internal abstract class SelfWriter : IDisposable
{
    public const int Slots = 64;
    public const int SlotLength = 64;
    public const int Length = Slots * SlotLength;

    protected SelfWriter(UioDevice device)
    {
        Device = device;
        Registers = device.Registers;
    }

    public UioDevice Device { get; }

    protected Registers Registers { get; }

    /// <summary>Brings the device to rest.</summary>
    public abstract void Stop();

    /// <summary>Gives the device all slots of a buffer. It writes from now on.</summary>
    public void Start(DmaBuf ring, DeviceAddress ringAddress, DeviceAddress slots)
    {
        using (var cpu = ring.BeginAccess(CpuAccessMode.Write))
        {
            cpu.Span.Clear();
            WriteRing(cpu.Span, ringAddress, slots);
        }
        SetUp(ringAddress);
        using (var cpu = ring.BeginAccess(CpuAccessMode.Write))
            PostSlots(cpu.Span);
        Run();
    }

    /// <summary>How many slots the device has filled, as it says in the ring.</summary>
    public int Filled(DmaBuf ring)
    {
        using var cpu = ring.BeginAccess(CpuAccessMode.Read);
        return CountFilled(cpu.Span);
    }

    public void Choose(QuiesceChoice choice)
    {
        if (choice == QuiesceChoice.None)
            return;
        Device.SetQuiesceProgram(choice == QuiesceChoice.Stop ? StopProgram : WaitForever(Registers));
    }

    /// <summary>A program that does nothing, as long as it may, and is never content.</summary>
    public static QuiesceProgram WaitForever(Registers registers) =>
        new QuiesceProgram().PollWhile(registers, new Register<uint>(0, "first"), mask: 0u, value: 0u, TimeSpan.FromSeconds(1));

    public void Dispose()
    {
        Stop();
        Device.Dispose();
    }

    protected static UioDevice Open(string name)
    {
        new SysDevice("platform", name).Bind("uio_pdrv_genirq");
        return UioDevice.Open(UioDeviceId.FromParent(name), new UioOpenOptions { IsExclusive = false });
    }

    protected abstract QuiesceProgram StopProgram { get; }

    protected abstract void WriteRing(Span<byte> ring, DeviceAddress ringAddress, DeviceAddress slots);

    protected abstract void SetUp(DeviceAddress ringAddress);

    protected virtual void PostSlots(Span<byte> ring)
    {
    }

    protected abstract void Run();

    protected abstract int CountFilled(ReadOnlySpan<byte> ring);
}
