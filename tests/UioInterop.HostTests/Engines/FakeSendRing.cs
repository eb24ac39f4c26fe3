namespace UioInterop.HostTests.Engines;

/// <summary>A ring of a <see cref="FakeDevice"/> whose parts a test has sent.</summary>
internal sealed class FakeSendRing(DeviceSession session) : SendRingEngine(session)
{
    private readonly Progress _progress = new();

    /// <summary>The parts that the engine was given, in that order, and how long they were.</summary>
    public List<(int Part, long Length)> Given { get; } = [];

    /// <summary>The next interrupt is one of an error.</summary>
    public bool Fails { set => _progress.Fails = value; }

    /// <summary>Has sent parts. An interrupt has to follow.</summary>
    public void HasSent(int count) => _progress.Add(count);

    protected override void Start(ReadOnlySpan<TransferLease> parts)
    {
    }

    protected override int Acknowledge(InterruptCount count) => _progress.Take();

    protected override void GiveBack(int part, TransferLease lease)
    {
        _ = lease.Address;
        Given.Add((part, lease.Length));
    }

    protected override void Reset()
    {
    }
}
