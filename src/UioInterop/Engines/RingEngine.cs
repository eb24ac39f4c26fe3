using System.Runtime.CompilerServices;

namespace UioInterop;

/// <summary>
/// An engine that receives without an end: it fills a ring of parts one after the other, and interrupts on the way. This class hands
/// the parts to the program, counts overruns, and otherwise does what <see cref="OneShotEngine{TRequest}"/> does.
/// </summary>
/// <remarks>
/// <para>An engine with a tail stops before parts that have not been given back: a part is lent to the program, and the stream stalls
/// while all are. A cyclic engine goes round whatever the program does. The program copies a part, and
/// <see cref="RingPart.TryCopyTo"/> says whether the engine has come round meanwhile.</para>
/// <para>The kernel syncs the whole buffer at both ends of a read. With a buffer for each part that is one part; with one buffer
/// for all, the whole ring each time.</para>
/// <para>Thread-safe; one thread receives at a time. Receiving allocates nothing once it has run for a while.</para>
/// </remarks>
public abstract class RingEngine : StreamEngine
{
    /// <summary>Makes an engine of a device.</summary>
    /// <param name="session">The device's session.</param>
    /// <param name="isCyclic">Whether it goes round whatever the program does; false when it has a tail.</param>
    /// <param name="map">The number of the map that its registers are in.</param>
    /// <param name="domain">What a stop of it ends; null when that is itself only.</param>
    /// <exception cref="ArgumentOutOfRangeException">The device has no such map.</exception>
    protected RingEngine(DeviceSession session, bool isCyclic, int map = 0, StopDomain? domain = null)
        : base(session, DmaDirection.FromDevice, isCyclic, map, domain)
    {
    }

    /// <summary>How many parts were lost since the ring began, because the engine wrote them again before they were taken.</summary>
    public long Overruns => LostParts;

    private protected sealed override long LengthAt(int part) => LengthOf(part);

    private protected sealed override int Doubt => PartsInDoubt;

    /// <summary>
    /// How much the engine has put into a part that it has filled, in bytes. Runs under the domain's lock. All of the part,
    /// unless overridden.
    /// </summary>
    /// <param name="part">The part's number.</param>
    protected virtual long LengthOf(int part) => PartAt(part).Length;

    /// <summary>
    /// How many parts a cyclic engine may be writing: the one after those that it has filled, and one more if it may be further than
    /// <see cref="StreamEngine.Acknowledge"/> sees. The program does not get those.
    /// </summary>
    protected virtual int PartsInDoubt => 1;

    /// <summary>Takes the next part, and waits for it in this thread.</summary>
    /// <inheritdoc cref="ReceiveAsync(TimeSpan, CancellationToken)"/>
    public RingPart Receive(TimeSpan timeout, CancellationToken token = default) => Take(timeout, token);

    /// <summary>Takes the next part, and waits for it without a thread.</summary>
    /// <param name="timeout">How long to wait; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends the wait.</param>
    /// <returns>The part. Dispose it to give it back.</returns>
    /// <exception cref="TimeoutException">None came in time. The ring goes on.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. The ring goes on.</exception>
    /// <exception cref="TransferStoppedException">
    /// The engine was stopped, and all parts that had been filled before have been received. The message says why it was stopped.
    /// </exception>
    /// <exception cref="InvalidOperationException">The ring does not run, or another thread receives.</exception>
    /// <exception cref="UioException">EIO: the device was unbound.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public ValueTask<RingPart> ReceiveAsync(TimeSpan timeout, CancellationToken token = default) => TakeAsync(timeout, token);

    /// <summary>Takes one part after the other. Dispose each to give it back.</summary>
    /// <param name="token">Ends it. The ring goes on.</param>
    /// <inheritdoc cref="ReceiveAsync(TimeSpan, CancellationToken)"/>
    public async IAsyncEnumerable<RingPart> ReceiveForever([EnumeratorCancellation] CancellationToken token = default)
    {
        while (true)
            yield return await ReceiveAsync(Timeout.InfiniteTimeSpan, token).ConfigureAwait(false);
    }

    /// <summary>
    /// The ring as a stream: a read copies from the parts in their order, waits while there is none, and gives each back when all of
    /// it has been read. It does not show where a packet ends. No other code receives meanwhile.
    /// </summary>
    /// <returns>
    /// The stream, for one reader. A read throws as <see cref="ReceiveAsync(TimeSpan, CancellationToken)"/> does, and
    /// <see cref="IOException"/> once for each gap that an overrun has left. Its Dispose gives the last part back; the ring goes on.
    /// </returns>
    public Stream AsStream() => new RingStream(this);
}
