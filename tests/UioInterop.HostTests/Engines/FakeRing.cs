namespace UioInterop.HostTests.Engines;

/// <summary>A ring of a <see cref="FakeDevice"/>, which a test fills part by part.</summary>
internal sealed class FakeRing(DeviceSession session, bool isCyclic, StopDomain? domain = null)
    : RingEngine(session, isCyclic, domain: domain)
{
    private readonly Progress _progress = new();

    /// <summary>The parts that the engine was given back, in that order.</summary>
    public List<int> Returned { get; } = [];

    /// <summary>The next interrupt is one of an error.</summary>
    public bool Fails { set => _progress.Fails = value; }

    public int Resets { get; private set; }

    /// <summary>Fills parts. An interrupt has to follow.</summary>
    public void Fill(int count) => _progress.Add(count);

    protected override void Start(ReadOnlySpan<TransferLease> parts)
    {
    }

    protected override int Acknowledge(InterruptCount count) => _progress.Take();

    protected override void GiveBack(int part, TransferLease lease)
    {
        _ = lease.Address;
        Returned.Add(part);
    }

    protected override long LengthOf(int part) => 100 + part;

    protected override void Reset() => Resets++;
}
