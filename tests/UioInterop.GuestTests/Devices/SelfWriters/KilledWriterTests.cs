using System.Text.RegularExpressions;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices.SelfWriters;

/// <summary>
/// A process is killed whose device goes on writing into its buffer. The same memory is allocated again, by somebody else:
/// what becomes of it?
/// </summary>
[Category(Needs.Handles)]
internal abstract class KilledWriterTests
{
    // CMA gives out the lowest memory that is free, and little is in use: what was let go of comes back soon or not at all.
    private const int Allocations = 64;

    private static readonly byte[] s_pattern = Buffers.Pattern(SelfWriter.Length, seed: 17);

    private SelfWriter _writer = null!;
    private DmaBuf _ring = null!;

    /// <summary>The device that the killed process drives.</summary>
    protected abstract string WriterName { get; }

    /// <summary>One to be left in a state of which nothing gets it out.</summary>
    protected abstract string LostName { get; }

    protected abstract SelfWriter Open(string name);

    /// <summary>Waits for what comes after a moment, if that is to be had of the device while it goes on writing.</summary>
    protected abstract QuiesceProgram InAMoment(Registers registers);

    /// <summary>One of the same kind, which nobody kills.</summary>
    protected abstract string ClockName { get; }

    /// <summary>Makes so many things happen of which the devices write.</summary>
    protected virtual void Provoke(int count)
    {
    }

    [SetUp]
    public void OpenWriter()
    {
        _writer = Open(WriterName);
        _ring = DmaHeap.Cma.Allocate(4096);
    }

    [TearDown]
    public void StopWriter()
    {
        _writer.Dispose();
        _ring.Dispose();
        Assert.That(DmaBufTable.AttachmentsOf(WriterName), Is.Zero, "attachments left");
    }

    // Without this one the next proves nothing.
    [Test]
    public void Without_a_program_it_overwrites_the_memory_of_others()
    {
        using var reused = KillAndAllocateAgain(QuiesceChoice.None);
        var filled = _writer.Filled(_ring);

        LetThemWrite();

        Assert.That(_writer.Filled(_ring), Is.GreaterThan(filled));
        Assert.That(Buffers.Read(reused, SelfWriter.Length), Is.Not.EqualTo(s_pattern));
        _writer.Stop(); // before others get the memory again
    }

    [Test]
    public void With_a_program_the_kernel_stops_it_before_others_get_the_memory()
    {
        using var reused = KillAndAllocateAgain(QuiesceChoice.Stop);
        var filled = _writer.Filled(_ring);
        Assert.That(filled, Is.LessThan(SelfWriter.Slots), "one that has filled all slots stops by itself");

        LetThemWrite();

        Assert.That(_writer.Filled(_ring), Is.EqualTo(filled));
        Assert.That(Buffers.Read(reused, SelfWriter.Length), Is.EqualTo(s_pattern));
    }

    [Test]
    public void A_device_that_does_not_stop_keeps_its_memory_after_unbinding()
    {
        KernelLogCheckAttribute.Expect(new Regex($"{LostName}: did not stop: the memory of 3 dma-bufs is kept from others until reboot"));
        using (Open(LostName))
        {
        }

        // Two more have the device open. The last who opened it is asked first: it waits in vain, too, and leaves the other its
        // share of the time.
        using var fine = OpenBeside(InAMoment);
        using var stuck = OpenBeside(SelfWriter.WaitForever);
        var address = ChildProcess.StartWriterAndBeKilled(_ring, _writer.GetType(), LostName, QuiesceChoice.WaitForever);
        var device = UioDevice.List().Single(device => device.ParentName == LostName);
        Assert.That(new ImportAttribute(device.DevicePath, "quarantined").Value, Is.EqualTo(2));
        Assert.That(AllocateAgain(address), Is.Null, "nobody else gets the memory");
        var filled = _writer.Filled(_ring);
        LetThemWrite();
        Assert.That(_writer.Filled(_ring), Is.GreaterThan(filled), "it does not stop");

        new SysDevice("platform", LostName).Free();

        Assert.That(AllocateAgain(address), Is.Null, "nor after the driver was unbound");
        Assert.That(DmaBufTable.AttachmentsOf(LostName), Is.EqualTo(3));
    }

    /// <summary>The lost device, opened by this process, with a buffer and a program.</summary>
    private UioDevice OpenBeside(Func<Registers, QuiesceProgram> program)
    {
        var device = UioDevice.Open(UioDeviceId.FromParent(LostName), new UioOpenOptions { IsExclusive = false });
        using var buffer = DmaHeap.System.Allocate(4096);
        _ = device.Import(buffer, DmaDirection.FromDevice);
        device.SetQuiesceProgram(program(device.Registers));
        return device;
    }

    // One of the same kind tells the time: when it has written, the others could have, too.
    private void LetThemWrite()
    {
        const int Slots = 4;
        using var ring = DmaHeap.Cma.Allocate(4096);
        using var slots = DmaHeap.Cma.Allocate(SelfWriter.Length);
        using var clock = Open(ClockName);
        using var ringMapping = clock.Device.Import(ring, DmaDirection.Bidirectional);
        using var slotMapping = clock.Device.Import(slots, DmaDirection.FromDevice);
        clock.Start(ring, ringMapping.Address, slotMapping.Address);
        Provoke(Slots);
        Assert.That(() => clock.Filled(ring), Is.GreaterThanOrEqualTo(Slots).After(Bound.LongMilliseconds, 20));
        clock.Stop();
    }

    private DmaBuf KillAndAllocateAgain(QuiesceChoice choice)
    {
        var address = ChildProcess.StartWriterAndBeKilled(_ring, _writer.GetType(), WriterName, choice);
        var reused = AllocateAgain(address);
        Assert.That(reused, Is.Not.Null, "somebody else gets the memory");
        Buffers.Fill(reused!, s_pattern);
        return reused!;
    }

    /// <summary>A new buffer in memory that a device is known to have had, or null if that is not to be had.</summary>
    private DmaBuf? AllocateAgain(DeviceAddress address)
    {
        var others = new List<DmaBuf>();
        try
        {
            while (others.Count < Allocations)
            {
                var buffer = DmaHeap.Cma.Allocate(SelfWriter.Length);
                using var mapping = _writer.Device.Import(buffer, DmaDirection.ToDevice);
                if (mapping.Address == address)
                    return buffer;
                others.Add(buffer);
            }
            return null;
        }
        finally
        {
            others.ForEach(buffer => buffer.Dispose());
        }
    }
}
