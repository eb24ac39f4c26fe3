using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>The library on a core that does what it should, and on one that does not.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
internal sealed class CoreTransferTests
{
    private const int Length = 4096;
    private static readonly TimeSpan s_timeout = Bound.Long;

    private TestCore _core = null!;
    private DmaBuf _buffer = null!;
    private DmaMapping _mapping = null!;

    [SetUp]
    public void OpenCore()
    {
        _core = TestCore.Open();
        _buffer = DmaHeap.Cma.Allocate(2 * Length);
        Buffers.Fill(_buffer, new byte[2 * Length]);
        _mapping = _core.Device.Import(_buffer, DmaDirection.Bidirectional);
        while (_core.Device.TryWaitForInterrupt(TimeSpan.Zero, out _))
        {
        }
        _core.Device.EnableInterrupt();
    }

    [TearDown]
    public void CloseCore()
    {
        _core.Device.Quiesce = _core.Behave;
        _mapping.Dispose();
        _core.Dispose();
        _buffer.Dispose();
    }

    [Test]
    public void The_cores_data_is_in_the_buffer_after_its_interrupt()
    {
        _core.Duration = TimeSpan.FromMilliseconds(5);
        using (var lease = _mapping.BeginTransfer(0, Length))
        {
            _core.Fill(lease.Address, Length, with: 0x5a);
            Assert.That(_core.Device.TryWaitForInterrupt(s_timeout, out var count), Is.True);
            Assert.That(count.SinceLastWait, Is.EqualTo(1));
            Assert.That(_core.Registers.Read(TestCore.Status), Is.EqualTo(TestCore.Done));
            lease.Complete();
        }

        Assert.That(Buffers.Read(_buffer, Length), Is.All.EqualTo(0x5a));
        Assert.That(Buffers.Read(_buffer, 2 * Length)[Length..], Is.All.Zero);
    }

    [Test]
    public void A_second_interrupt_for_one_transfer_is_reported_to_the_next_wait()
    {
        _core.Interrupt = CoreInterrupt.Twice;
        _core.Fill(_mapping.Address, Length, with: 1);
        Assert.That(_core.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);
        _core.Registers.Write(TestCore.Status, TestCore.Done);
        _core.Device.EnableInterrupt();

        Assert.That(_core.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);
        Assert.That(_core.Registers.Read(TestCore.Status), Is.Zero, "for nothing");
    }

    [Test]
    public void A_core_that_never_interrupts_is_stopped_and_its_buffer_is_free()
    {
        _core.Interrupt = CoreInterrupt.Never;
        _core.Duration = s_timeout;
        _core.Device.Quiesce = _core.Behave;
        using (var lease = _mapping.BeginTransfer(0, Length))
        {
            _core.Fill(lease.Address, Length, with: 1);
            Assert.That(_core.Device.TryWaitForInterrupt(TimeSpan.FromMilliseconds(50), out _), Is.False);
        }

        Assert.That(_core.IsBusy, Is.False);
        Assert.That(() => Buffers.Read(_buffer, Length), Throws.Nothing);
    }

    [Test]
    public void A_core_that_does_not_stop_keeps_the_buffer_from_the_CPU()
    {
        _core.StopTime = null;
        _core.Duration = s_timeout;
        _core.Device.Quiesce = () => throw new TimeoutException("the core is still busy");
        using (var lease = _mapping.BeginTransfer(0, Length))
            _core.Fill(lease.Address, Length, with: 1);

        Assert.That(_core.IsBusy, Is.True);
        Assert.That(() => Buffers.Read(_buffer, Length), Throws.InvalidOperationException);
    }

    // A driver that takes the interrupt for the end reads old data; STATUS tells the truth.
    [Test]
    public void An_interrupt_before_the_data_is_no_end_as_long_as_the_core_says_busy()
    {
        _core.Interrupt = CoreInterrupt.BeforeTheData;
        _core.Duration = TimeSpan.FromSeconds(1);
        _core.Fill(_mapping.Address, Length, with: 0x5a);
        Assert.That(_core.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);
        Assert.That(_core.IsBusy, Is.True);
        Assert.That(Buffers.Read(_buffer, Length)[^1], Is.Zero);

        Assert.That(_core.Registers.WaitFor(TestCore.Status, TestCore.Busy, 0, s_timeout), Is.True);

        Assert.That(Buffers.Read(_buffer, Length), Is.All.EqualTo(0x5a));
    }

    // Nothing here can prevent these two: no IOMMU is in between. They show that the core does lie.
    [Test]
    public void A_late_write_comes_after_done()
    {
        _core.LateWrite = TimeSpan.FromMilliseconds(20);
        _core.Fill(_mapping.Address, Length, with: 0x5a);
        Assert.That(_core.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);
        Assert.That(_core.IsBusy, Is.False, "it says");
        Buffers.Fill(_buffer, new byte[Length]);

        Assert.That(() => Buffers.Read(_buffer, Length), Is.All.EqualTo(0x5a).After(Bound.LongMilliseconds, 5));
    }

    [Test]
    public void A_write_out_of_range_lands_behind_the_end()
    {
        _core.Beyond = 16;
        _core.Fill(_mapping.Address, Length, with: 0x5a);
        Assert.That(_core.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);

        Assert.That(Buffers.Read(_buffer, 2 * Length)[Length..(Length + 17)], Is.EqualTo([.. Enumerable.Repeat((byte)0x5a, 16), 0]));
    }

    [Test]
    public void An_error_that_the_core_reports_comes_with_its_number()
    {
        _core.Report = 7;
        _core.Fill(_mapping.Address, Length, with: 1);
        Assert.That(_core.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);

        Assert.That(_core.Registers.Read(TestCore.Status), Is.EqualTo(TestCore.Done | TestCore.Error | (7 << 8)));
    }

    [Test]
    public void An_unmapped_address_is_an_error_and_no_crash()
    {
        _core.Fill(new DeviceAddress(0x70000000), Length, with: 1);
        Assert.That(_core.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);

        Assert.That(_core.Registers.Read(TestCore.Status), Is.EqualTo(TestCore.Done | TestCore.Error));
    }

    [Test]
    public void A_core_does_not_reach_its_own_registers()
    {
        _core.Fill(new DeviceAddress(0xa0040000), 0x20, with: 0x07);
        Assert.That(_core.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);

        Assert.That(_core.Registers.Read(TestCore.FillByte), Is.EqualTo(7), "and not 0x07070707");
    }
}
