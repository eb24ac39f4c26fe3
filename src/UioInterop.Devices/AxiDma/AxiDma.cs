namespace UioInterop.Devices;

/// <summary>
/// Xilinx's AXI DMA, the engine between memory and the streams of a design in programmable logic. It sends packets (MM2S) and
/// receives them (S2MM), in direct register mode or with scatter-gather, as the core was built.
/// </summary>
/// <remarks>
/// <para>Registers and descriptors: AXI DMA LogiCORE IP Product Guide (PG021).</para>
/// <para>Thread-safe. The two channels work side by side; each moves one packet at a time.</para>
/// </remarks>
/// <example>
/// <code>
/// using AxiDma dma = AxiDma.Open("axi-dma-0");
/// using DeviceBuffer&lt;uint&gt; samples = dma.Allocate&lt;uint&gt;(1024, DmaDirection.ToDevice);
/// using DeviceBuffer&lt;uint&gt; result = dma.Allocate&lt;uint&gt;(1024, DmaDirection.FromDevice);
/// samples.Write(data);
/// ValueTask&lt;long&gt; received = dma.ReceiveAsync(result, TimeSpan.FromSeconds(1));
/// await dma.SendAsync(samples, TimeSpan.FromSeconds(1));
/// long bytes = await received;
/// </code>
/// </example>
public sealed class AxiDma : IDisposable
{
    /// <summary>How many buffers a channel keeps imported at least, once they have been used.</summary>
    public const int CachedBuffers = 32;

    private AxiDma(AxiDmaChannel send, AxiDmaChannel receive) => (Sender, Receiver) = (send, receive);

    /// <summary>The channel that sends (MM2S).</summary>
    public AxiDmaChannel Sender { get; }

    /// <summary>The channel that receives (S2MM).</summary>
    public AxiDmaChannel Receiver { get; }

    /// <summary>Opens a core whose channels are one UIO device, with one interrupt for both, and resets it.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="options">How it was built, if the device tree does not say.</param>
    /// <exception cref="UioException">There is no such device, or it is open already (EBUSY). EIO: it has no interrupt.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is not one that the core has.</exception>
    /// <exception cref="InvalidOperationException">
    /// It has no registers, or too few for an AXI DMA. Or it has scatter-gather, and the kernel keeps bus addresses to itself.
    /// </exception>
    /// <exception cref="TimeoutException">It stays in reset.</exception>
    public static AxiDma Open(UioDeviceId id, AxiDmaOptions? options = null) => AxiDmaSide.Open(id, options, Create);

    /// <summary>
    /// Opens a core that is two UIO devices, a channel each with its interrupt, and resets it. Both devices have the registers of
    /// the whole core.
    /// </summary>
    /// <param name="send">The device with MM2S's interrupt.</param>
    /// <param name="receive">The device with S2MM's.</param>
    /// <param name="options">How it was built, if the device tree does not say.</param>
    /// <inheritdoc cref="Open(UioDeviceId, AxiDmaOptions?)"/>
    public static AxiDma Open(UioDeviceId send, UioDeviceId receive, AxiDmaOptions? options = null) =>
        AxiDmaSide.Open(send, receive, options, Create);

    /// <summary>Allocates memory for packets, and imports it into the device of the channel that will use it.</summary>
    /// <param name="length">How many values, more than 0.</param>
    /// <param name="direction">
    /// <see cref="DmaDirection.ToDevice"/> to send them, <see cref="DmaDirection.FromDevice"/> to receive them.
    /// <see cref="DmaDirection.Bidirectional"/> needs a core that is one UIO device.
    /// </param>
    /// <exception cref="ArgumentException">Both directions, of a core that is two UIO devices.</exception>
    /// <inheritdoc cref="UioDevice.Allocate{T}"/>
    public DeviceBuffer<T> Allocate<T>(long length, DmaDirection direction) where T : unmanaged
    {
        if (direction == DmaDirection.Bidirectional && Sender.Device != Receiver.Device)
        {
            throw new ArgumentException(
                "Each channel of this core is a UIO device: memory for one of them has one direction.", nameof(direction));
        }

        return (direction == DmaDirection.FromDevice ? Receiver : Sender).Device.Allocate<T>(length, direction);
    }

    /// <summary>Sends all of a buffer as one packet.</summary>
    /// <inheritdoc cref="SendAsync(IReadOnlyList{DmaSegment}, TimeSpan, CancellationToken)"/>
    public ValueTask<long> SendAsync(DmaBuf buffer, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return SendAsync(new DmaSegment(buffer, 0, buffer.Length), timeout, token);
    }

    /// <summary>Sends all of an import into <see cref="Sender"/>'s device as one packet; a <see cref="DeviceBuffer{T}"/> is one.</summary>
    /// <inheritdoc cref="SendAsync(IReadOnlyList{DmaSegment}, TimeSpan, CancellationToken)"/>
    public ValueTask<long> SendAsync(DmaMapping buffer, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return SendAsync(new DmaSegment(buffer, 0, buffer.Length), timeout, token);
    }

    /// <summary>Sends a part of a buffer as one packet.</summary>
    /// <param name="part">The part, of a buffer or of an import into <see cref="Sender"/>'s device.</param>
    /// <param name="timeout">How long it may take, with the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends it.</param>
    /// <inheritdoc cref="SendAsync(IReadOnlyList{DmaSegment}, TimeSpan, CancellationToken)"/>
    public ValueTask<long> SendAsync(DmaSegment part, TimeSpan timeout, CancellationToken token = default) =>
        TransferAsync(Sender, new DmaSegments(part), nameof(part), timeout, token);

    /// <summary>Sends parts of buffers as one packet. Several parts need a core with scatter-gather.</summary>
    /// <param name="parts">The parts, of buffers or of imports into <see cref="Sender"/>'s device.</param>
    /// <param name="timeout">How long it may take, with the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends it.</param>
    /// <returns>How many bytes were moved.</returns>
    /// <exception cref="ArgumentException">
    /// The core cannot do this, and the message says what to do: several parts, a longer one than its length register, or an address
    /// or a length that its data width does not take. Or a mapping is another device's or for the other direction.
    /// </exception>
    /// <exception cref="AxiDmaException">The channel met an error.</exception>
    /// <exception cref="UioException">
    /// A buffer cannot be imported. ERANGE, E2BIG: it is beyond the core's address width, or not one range and the core has no
    /// scatter-gather: allocate from <see cref="DmaHeap.Cma"/>.
    /// </exception>
    /// <inheritdoc cref="OneShotEngine{TRequest}.RunAsync(TRequest, TimeSpan, CancellationToken)"/>
    public ValueTask<long> SendAsync(IReadOnlyList<DmaSegment> parts, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return TransferAsync(Sender, new DmaSegments(parts), nameof(parts), timeout, token);
    }

    /// <summary>Receives one packet into a buffer.</summary>
    /// <inheritdoc cref="ReceiveAsync(IReadOnlyList{DmaSegment}, TimeSpan, CancellationToken)"/>
    public ValueTask<long> ReceiveAsync(DmaBuf buffer, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return ReceiveAsync(new DmaSegment(buffer, 0, buffer.Length), timeout, token);
    }

    /// <summary>Receives one packet into an import into <see cref="Receiver"/>'s device; a <see cref="DeviceBuffer{T}"/> is one.</summary>
    /// <inheritdoc cref="ReceiveAsync(IReadOnlyList{DmaSegment}, TimeSpan, CancellationToken)"/>
    public ValueTask<long> ReceiveAsync(DmaMapping buffer, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return ReceiveAsync(new DmaSegment(buffer, 0, buffer.Length), timeout, token);
    }

    /// <summary>Receives one packet into a part of a buffer.</summary>
    /// <param name="part">The part, of a buffer or of an import into <see cref="Receiver"/>'s device.</param>
    /// <param name="timeout">How long it may take, with the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends it.</param>
    /// <inheritdoc cref="ReceiveAsync(IReadOnlyList{DmaSegment}, TimeSpan, CancellationToken)"/>
    public ValueTask<long> ReceiveAsync(DmaSegment part, TimeSpan timeout, CancellationToken token = default) =>
        TransferAsync(Receiver, new DmaSegments(part), nameof(part), timeout, token);

    /// <summary>Receives one packet into parts of buffers, one after the other. Several parts need a core with scatter-gather.</summary>
    /// <remarks>
    /// After a packet that does not need all parts, the channel keeps the rest until it has been halted. Data that comes before that is
    /// lost. So receive packets that follow each other at once into one part each that a descriptor holds
    /// (<see cref="AxiDmaChannel.MaxLength"/>), or into a ring (<see cref="StreamingAxiDma"/>).
    /// </remarks>
    /// <param name="parts">The parts, of buffers or of imports into <see cref="Receiver"/>'s device.</param>
    /// <param name="timeout">How long it may take, with the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends it.</param>
    /// <returns>
    /// How many bytes came: a packet may be shorter than the memory. The length of the memory, if the core does not count bytes
    /// (<see cref="AxiDmaOptions.CountsBytes"/>).
    /// </returns>
    /// <inheritdoc cref="SendAsync(IReadOnlyList{DmaSegment}, TimeSpan, CancellationToken)"/>
    public ValueTask<long> ReceiveAsync(IReadOnlyList<DmaSegment> parts, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return TransferAsync(Receiver, new DmaSegments(parts), nameof(parts), timeout, token);
    }

    /// <summary>Ends the channels' imports of a buffer, after the transfer that is under way.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <returns>Whether a channel had it.</returns>
    public bool Release(DmaBuf buffer) => Sender.Release(buffer) | Receiver.Release(buffer);

    /// <summary>Closes the devices, which stops the channels first. Later calls do nothing.</summary>
    public void Dispose()
    {
        Receiver.Session.Dispose();
        Sender.Session.Dispose();
    }

    internal static ValueTask<long> TransferAsync(AxiDmaChannel channel, DmaSegments segments, string name, TimeSpan timeout,
        CancellationToken token)
    {
        channel.Check(segments, name);
        return channel.TransferAsync(segments, timeout, token);
    }

    private static AxiDma Create(AxiDmaSide sender, AxiDmaSide receiver) =>
        new(new AxiDmaChannel(sender, DmaDirection.ToDevice), new AxiDmaChannel(receiver, DmaDirection.FromDevice));
}
