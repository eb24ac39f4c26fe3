namespace UioInterop;

/// <summary>
/// An engine that transfers a part of a mapping, or a list of them, one transfer at a time: the short form of
/// <see cref="OneShotEngine{TRequest}"/>.
/// </summary>
/// <example>
/// <code>
/// public sealed class Adder(DeviceSession session) : OneShotEngine(session, DmaDirection.ToDevice)
/// {
///     private static readonly Register&lt;uint&gt; Control = new(0x00, "CTRL"), Status = new(0x04, "STAT"), Length = new(0x18, "LEN");
///     private static readonly Register&lt;ulong&gt; Source = new(0x10, "SRC");
///
///     public ValueTask&lt;InterruptCount&gt; AddAsync(DmaMapping input, TimeSpan timeout, CancellationToken token = default) =>
///         TransferAsync(input, 0, input.Length, timeout, token);
///
///     protected override void Start(in Transfer transfer)
///     {
///         Registers.WriteAddress(Source, transfer.Lease);
///         Registers.Write(Length, (uint)transfer.Length);
///         Registers.Write(Control, 1u);
///     }
///
///     protected override EngineState Acknowledge()
///     {
///         uint status = Registers.Read(Status);
///         Registers.Write(Status, status); // ones clear
///         return (status &amp; 1) != 0 ? EngineState.Done : EngineState.Busy;
///     }
///
///     protected override QuiesceProgram StopProgram => new QuiesceProgram(Registers)
///         .Write(Control, 0u).PollWhile(Status, 2u, 2u, TimeSpan.FromMilliseconds(10));
/// }
/// </code>
/// </example>
public abstract class OneShotEngine : OneShotEngine<TransferParts>
{
    /// <summary>Makes an engine of a device.</summary>
    /// <param name="session">The device's session.</param>
    /// <param name="direction">What it does with the memory. Mappings for the other direction only are refused.</param>
    /// <param name="map">The number of the map that its registers are in.</param>
    /// <param name="domain">What a stop of it ends; null when that is itself only.</param>
    /// <exception cref="ArgumentOutOfRangeException">The device has no such map.</exception>
    protected OneShotEngine(DeviceSession session, DmaDirection direction, int map = 0, StopDomain? domain = null)
        : base(session, map, domain) => Direction = direction;

    /// <summary>What the engine does with the memory.</summary>
    public DmaDirection Direction { get; }

    /// <summary>Starts the engine, by writing its registers. Runs under the domain's lock.</summary>
    /// <param name="transfer">The memory.</param>
    protected abstract void Start(in Transfer transfer);

    /// <inheritdoc/>
    protected sealed override void Start(in TransferParts request, TransferLeases leases) => Start(new Transfer(leases));

    /// <inheritdoc/>
    protected override void Begin(in TransferParts request, TransferLeases leases)
    {
        ArgumentNullException.ThrowIfNull(leases);
        for (int i = 0; i < request.Count; i++)
            leases.Add(request[i].Mapping.BeginTransfer(request[i].Offset, request[i].Length));
    }

    /// <summary>Transfers a part of a mapping, and waits for the end in this thread.</summary>
    /// <inheritdoc cref="TransferAsync(DmaMapping, long, long, TimeSpan, CancellationToken)"/>
    protected InterruptCount Transfer(DmaMapping mapping, long offset, long length, TimeSpan timeout, CancellationToken token = default) =>
        Run(Check(mapping, offset, length), timeout, token);

    /// <summary>Transfers the parts of a list in one go, and waits for the end in this thread.</summary>
    /// <inheritdoc cref="TransferAsync(IReadOnlyList{TransferPart}, TimeSpan, CancellationToken)"/>
    protected InterruptCount Transfer(IReadOnlyList<TransferPart> parts, TimeSpan timeout, CancellationToken token = default) =>
        Run(Check(parts), timeout, token);

    /// <summary>Transfers a part of a mapping, and waits for the end without a thread.</summary>
    /// <param name="mapping">The memory, imported into <see cref="Engine.Device"/> in a direction that fits.</param>
    /// <param name="offset">Where the part begins in the buffer, in bytes.</param>
    /// <param name="length">How long it is, in bytes, more than 0. All of it is inside of the mapping.</param>
    /// <param name="timeout">How long it may take, with the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends it.</param>
    /// <exception cref="ArgumentException">The mapping is another device's, or for the other direction only.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside of the mapping, or the timeout is negative.</exception>
    /// <inheritdoc cref="OneShotEngine{TRequest}.RunAsync(TRequest, TimeSpan, CancellationToken)"/>
    protected ValueTask<InterruptCount> TransferAsync(
        DmaMapping mapping, long offset, long length, TimeSpan timeout, CancellationToken token = default) =>
        RunAsync(Check(mapping, offset, length), timeout, token);

    /// <summary>Transfers the parts of a list in one go, and waits for the end without a thread.</summary>
    /// <param name="parts">The memory. One part at least.</param>
    /// <param name="timeout">How long it may take, with the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends it.</param>
    /// <inheritdoc cref="TransferAsync(DmaMapping, long, long, TimeSpan, CancellationToken)"/>
    protected ValueTask<InterruptCount> TransferAsync(IReadOnlyList<TransferPart> parts, TimeSpan timeout,
        CancellationToken token = default) =>
        RunAsync(Check(parts), timeout, token);

    private TransferParts Check(DmaMapping mapping, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        mapping.ThrowIfUnusable(Device, Direction, nameof(mapping));
        mapping.CheckTransfer(offset, length);
        return new TransferParts(new TransferPart(mapping, offset, length));
    }

    private TransferParts Check(IReadOnlyList<TransferPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var copy = new TransferParts(parts);
        if (copy.Count == 0)
            throw new ArgumentException("A transfer has one part at least.", nameof(parts));
        for (int i = 0; i < copy.Count; i++)
            _ = Check(copy[i].Mapping, copy[i].Offset, copy[i].Length);
        return copy;
    }
}
