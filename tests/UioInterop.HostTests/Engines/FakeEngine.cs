namespace UioInterop.HostTests.Engines;

/// <summary>An engine of a <see cref="FakeDevice"/>: a start bit, a status with "done" and "error", at an offset of its own.</summary>
internal sealed class FakeEngine(DeviceSession session, int at = 0, StopDomain? domain = null)
    : OneShotEngine(session, DmaDirection.FromDevice, domain: domain)
{
    public const uint Done = 1, Error = 2;

    private int _starts;
    private readonly Register<uint> _start = new(at, "start");
    private readonly Register<uint> _status = new(at + 4, "status");
    private readonly Register<ulong> _address = new(at + 8, "address");

    /// <summary>Runs in Begin, before the leases.</summary>
    public Action? Beginning { get; set; }

    /// <summary>Runs in Start, under the lock.</summary>
    public Action? Starting { get; set; }

    /// <summary>Runs in Reset, under the lock.</summary>
    public Action? Resetting { get; set; }

    public int Resets { get; private set; }

    public int Starts => Volatile.Read(ref _starts);

    public bool IsRunning => Registers.Read(_start) != 0;

    public DeviceAddress Address => new(Registers.Read(_address));

    public ValueTask<InterruptCount> RunAsync(DmaMapping mapping, TimeSpan timeout, CancellationToken token = default) =>
        TransferAsync(mapping, 0, mapping.Length, timeout, token);

    public InterruptCount Run(DmaMapping mapping, TimeSpan timeout, CancellationToken token = default) =>
        Transfer(mapping, 0, mapping.Length, timeout, token);

    /// <summary>What the hardware says from now on.</summary>
    public void Say(uint status) => Registers.Write(_status, status);

    protected override void Begin(in TransferParts request, TransferLeases leases)
    {
        base.Begin(request, leases);
        Beginning?.Invoke();
    }

    protected override void Start(in Transfer transfer)
    {
        Starting?.Invoke();
        Registers.WriteAddress(_address, transfer.Lease);
        Registers.Write(_start, 1);
        Volatile.Write(ref _starts, _starts + 1);
    }

    protected override EngineState Acknowledge()
    {
        // Ones clear, in hardware: what comes meanwhile stays.
        uint status = Registers.Read(_status);
        if (status != 0)
            Registers.Write(_status, 0);
        if ((status & Error) != 0)
            throw new IOException("the engine reports an error");
        if ((status & Done) == 0)
            return EngineState.Busy;

        Registers.Write(_start, 0);
        return EngineState.Done;
    }

    protected override void Reset()
    {
        Resets++;
        Resetting?.Invoke();
        Registers.Write(_start, 0);
    }
}
