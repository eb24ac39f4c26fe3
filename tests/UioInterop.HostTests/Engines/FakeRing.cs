namespace UioInterop.HostTests.Engines;

/// <summary>A ring of a <see cref="FakeDevice"/>, which a test fills part by part.</summary>
internal sealed class FakeRing(DeviceSession session, bool isCyclic, StopDomain? domain = null)
    : RingEngine(session, isCyclic, domain: domain)
{
    private int _filled;
    private int _seen;

    /// <summary>The parts that the engine was given back, in that order.</summary>
    public List<int> Returned { get; } = [];

    /// <summary>The next interrupt is one of an error.</summary>
    public bool Fails { get; set; }

    public int Resets { get; private set; }

    /// <summary>Fills parts. An interrupt has to follow.</summary>
    public void Fill(int count) => Interlocked.Add(ref _filled, count);

    protected override void Start(ReadOnlySpan<TransferLease> parts)
    {
    }

    protected override int Acknowledge(InterruptCount count)
    {
        if (Fails)
            throw new IOException("the ring reports an error");
        var filled = Volatile.Read(ref _filled);
        var done = filled - _seen;
        _seen = filled;
        return done;
    }

    protected override void GiveBack(int part, TransferLease lease)
    {
        _ = lease.Address;
        Returned.Add(part);
    }

    protected override long LengthOf(int part) => 100 + part;

    protected override void Reset() => Resets++;
}
