using System.Runtime.CompilerServices;

namespace UioInterop;

/// <summary>
/// An engine with a tail that sends without an end: the program fills parts of a ring, and the engine sends them one after the other.
/// This class says which parts are free, and otherwise does what <see cref="OneShotEngine{TRequest}"/> does.
/// </summary>
/// <remarks>
/// <para>Parts are sent in the order in which they were rented. When none is free, a rent waits for the engine.</para>
/// <para>Thread-safe; one thread rents or flushes at a time. Sending allocates nothing once it has run for a while.</para>
/// </remarks>
public abstract class SendRingEngine : StreamEngine
{
    /// <summary>Makes an engine of a device.</summary>
    /// <param name="session">The device's session.</param>
    /// <param name="map">The number of the map that its registers are in.</param>
    /// <param name="domain">What a stop of it ends; null when that is itself only.</param>
    /// <exception cref="ArgumentOutOfRangeException">The device has no such map.</exception>
    protected SendRingEngine(DeviceSession session, int map = 0, StopDomain? domain = null)
        : base(session, DmaDirection.ToDevice, isCyclic: false, map, domain)
    {
    }

    /// <summary>Takes a free part to fill, and waits for it in this thread.</summary>
    /// <inheritdoc cref="RentAsync"/>
    public SendPart Rent(TimeSpan timeout, CancellationToken token = default) => new(this, Take(timeout, token));

    /// <summary>Takes a free part to fill, and waits for it without a thread.</summary>
    /// <param name="timeout">How long to wait; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends the wait.</param>
    /// <returns>The part. Send it, or dispose it.</returns>
    /// <exception cref="TimeoutException">None became free in time: the stream does not take the data. The ring goes on.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. The ring goes on.</exception>
    /// <exception cref="TransferStoppedException">The engine was stopped. The message says why.</exception>
    /// <exception cref="InvalidOperationException">The ring does not run, or another thread waits.</exception>
    /// <exception cref="UioException">EIO: the device was unbound.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<SendPart> RentAsync(TimeSpan timeout, CancellationToken token = default) =>
        new(this, await TakeAsync(timeout, token).ConfigureAwait(false));

    /// <summary>Waits until all parts that were given to the engine have been sent.</summary>
    /// <exception cref="TimeoutException">They were not sent in time. The ring goes on.</exception>
    /// <inheritdoc cref="RentAsync"/>
    /// <returns>The end of the wait.</returns>
    public ValueTask FlushAsync(TimeSpan timeout, CancellationToken token = default) => DrainAsync(timeout, token);

    /// <summary>Sends a part.</summary>
    internal void Send(RingPart part, long length)
    {
        if (!part.TryGive(length))
            throw WhyNotSent(part);
    }

    private Exception WhyNotSent(RingPart part) => IsWaiting
        ? new InvalidOperationException($"{part} has been sent or given back.")
        : WhyEnded();
}
