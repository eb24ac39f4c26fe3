using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>Programs that would declare a running device quiet: refused before the kernel sees them.</summary>
internal sealed class QuiesceProgramTests
{
    private static readonly TimeSpan s_time = TimeSpan.FromMilliseconds(1);
    private static readonly Register<uint> s_register = new(0, "first");

    private UioDevice _device = null!;

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        _device = UnderTest.OpenShared();
    }

    [TearDown]
    public void Close() => _device.Dispose();

    [Test]
    public void A_value_that_the_mask_does_not_let_through_is_refused()
    {
        var program = new QuiesceProgram();
        Assert.That(() => program.Modify(_device.Registers, s_register, 1u, 2u), Throws.ArgumentException);
        Assert.That(() => program.Poll(_device.Registers, s_register, 0xfu, 0x10u, s_time), Throws.ArgumentException);
        Assert.That(() => program.PollWhile(_device.Registers, s_register, 0u, 1u, s_time), Throws.ArgumentException);
        Assert.That(() => program.Poll(_device.Registers, s_register, 1u, 1u, -s_time), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => program.Write(_device.Registers, new Register<uint>(2, "askew"), 0u), Throws.ArgumentException);
        Assert.That(() => _device.SetQuiesceProgram(program), Throws.ArgumentException, "it is empty still");
    }

    [Test]
    public void A_program_is_for_one_device()
    {
        using var other = UnderTest.OpenShared();
        var program = new QuiesceProgram().Poll(other.Registers, s_register, 0u, 0u, s_time);

        Assert.That(() => program.Write(_device.Registers, s_register, 0u), Throws.ArgumentException);
        Assert.That(() => _device.SetQuiesceProgram(program), Throws.ArgumentException);
    }

    // edu's liveness check reads as the inverse of what was written (QEMU, docs/specs/edu.rst).
    [Test, Category(Needs.Edu)]
    public void A_program_can_be_run_here()
    {
        var liveness = new Register<uint>(0x04, "liveness check");
        var registers = _device.Registers;
        new QuiesceProgram()
            .Write(registers, liveness, ~0x11223344u)
            .Poll(registers, liveness, 0xffffu, 0x3344u, s_time)
            .PollWhile(registers, liveness, 0xffu, 0u, s_time)
            .Modify(registers, liveness, 0xff00u, 0x5500u)
            .Run();
        Assert.That(registers.Read(liveness), Is.EqualTo(~0x11225544u));

        Assert.That(new QuiesceProgram().Poll(registers, liveness, 0xffu, 0u, s_time).Run,
            Throws.InstanceOf<TimeoutException>().With.Message.Contains("0x4"));
        Assert.That(new QuiesceProgram().PollWhile(registers, liveness, 0xffu, 0xbbu, s_time).Run, Throws.InstanceOf<TimeoutException>());
    }

    [Test, Category(Needs.Edu), Category(Needs.Import)]
    public void A_quiesce_program_can_be_the_Quiesce_action()
    {
        var liveness = new Register<uint>(0x04, "liveness check");
        using var buffer = DmaHeap.Cma.Allocate(4096);
        _device.Quiesce = new QuiesceProgram().Write(_device.Registers, liveness, ~7u).Poll(_device.Registers, liveness, uint.MaxValue, 7u,
            s_time).Run;
        var mapping = _device.Import(buffer, DmaDirection.ToDevice);
        mapping.BeginTransfer(0, 1).Dispose();

        mapping.Dispose();

        Assert.That(_device.Registers.Read(liveness), Is.EqualTo(7));
        buffer.BeginAccess(CpuAccessMode.ReadWrite).Dispose();
    }

    [Test, Category(Needs.Handles)]
    public void A_program_can_be_given_twice_and_taken_away()
    {
        var program = new QuiesceProgram().Poll(_device.Registers, s_register, 0u, 0u, s_time);
        _device.SetQuiesceProgram(program);
        _device.SetQuiesceProgram(program);
        _device.SetQuiesceProgram(null);
    }
}
