using NUnit.Framework;

namespace UioInterop.HostTests.Engines;

/// <summary>Tests of engines, on a <see cref="FakeDevice"/> that each test has for itself.</summary>
internal abstract class EngineTest
{
    protected static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(50);
    protected static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(20);

    protected FakeDevice Fake { get; private set; } = null!;

    protected DeviceSession Session { get; private set; } = null!;

    [SetUp]
    public void OpenDevice()
    {
        Fake = FakeDevice.Open();
        Session = Fake.Session();
    }

    [TearDown]
    public void CloseDevice()
    {
        Session.Dispose();
        Fake.Dispose();
    }
}
