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
        _device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name), new UioOpenOptions { IsExclusive = false });
    }

    [TearDown]
    public void Close() => _device.Dispose();

    [Test]
    public void A_value_that_the_mask_does_not_let_through_is_refused()
    {
        var program = new QuiesceProgram();
        Assert.That(() => program.Modify(_device.Map(), s_register, 1u, 2u), Throws.ArgumentException);
        Assert.That(() => program.Poll(_device.Map(), s_register, 0xfu, 0x10u, s_time), Throws.ArgumentException);
        Assert.That(() => program.PollWhile(_device.Map(), s_register, 0u, 1u, s_time), Throws.ArgumentException);
        Assert.That(() => program.Poll(_device.Map(), s_register, 1u, 1u, -s_time), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => program.Write(_device.Map(), new Register<uint>(2, "askew"), 0u), Throws.ArgumentException);
        Assert.That(() => _device.SetQuiesceProgram(program), Throws.ArgumentException, "it is empty still");
    }

    [Test]
    public void A_program_is_for_one_device()
    {
        using var other = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name), new UioOpenOptions { IsExclusive = false });
        var program = new QuiesceProgram().Poll(other.Map(), s_register, 0u, 0u, s_time);

        Assert.That(() => program.Write(_device.Map(), s_register, 0u), Throws.ArgumentException);
        Assert.That(() => _device.SetQuiesceProgram(program), Throws.ArgumentException);
    }

    [Test, Category(Needs.Handles)]
    public void A_program_can_be_given_twice_and_taken_away()
    {
        var program = new QuiesceProgram().Poll(_device.Map(), s_register, 0u, 0u, s_time);
        _device.SetQuiesceProgram(program);
        _device.SetQuiesceProgram(program);
        _device.SetQuiesceProgram(null);
    }
}
