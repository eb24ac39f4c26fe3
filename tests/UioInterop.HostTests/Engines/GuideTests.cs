using MyDrivers;
using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests.Engines;

/// <summary>The driver in the guide is one that works.</summary>
internal sealed class GuideTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(50);

    [Test]
    public async Task The_driver_in_the_guide_is_this_one()
    {
        var guide = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "src/UioInterop.Devices/README.md"));
        var driver = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "tests/UioInterop.HostTests/Engines/Adder.cs"));

        Assert.That(guide, Does.Contain(driver));
    }

    [Test]
    public async Task It_adds()
    {
        using var fake = new FakeDevice();
        using var session = fake.Session();
        var adder = new Adder(session);
        using var input = fake.Import(DmaDirection.ToDevice);

        var sum = adder.AddAsync(input, s_timeout).AsTask();
        Assert.That(fake.Registers.Read64(0x10), Is.EqualTo(input.Address.Value));
        Assert.That((fake.Registers.Read32(0x18), fake.Registers.Read32(0x00)), Is.EqualTo((4096u, 1u)));
        fake.Registers.Write32(0x08, 42);
        fake.Registers.Write32(0x04, 1);
        fake.Interrupt();

        Assert.That(await sum.WaitAsync(s_timeout), Is.EqualTo(42));
    }

    [Test]
    public void Its_stop_program_stops_it()
    {
        using var fake = new FakeDevice();
        using var session = fake.Session();
        var adder = new Adder(session);
        using var input = fake.Import(DmaDirection.ToDevice);

        Assert.That(async () => await adder.AddAsync(input, TimeSpan.FromMilliseconds(20)), Throws.InstanceOf<TimeoutException>());

        Assert.That(fake.Registers.Read32(0x00), Is.Zero);
        Assert.That(input.CanEnd, Is.True);
    }
}
