namespace UioInterop.Devices;

/// <summary>
/// An AXI DMA that receives without an end: <see cref="Receiver"/> fills a ring of parts. Packets are sent as with
/// <see cref="AxiDma"/>; <see cref="AxiDmaRings"/> sends out of a ring, too. The core needs the scatter-gather engine.
/// </summary>
/// <example>
/// <code>
/// using var stream = StreamingAxiDma.Open("axi-dma-0");
/// stream.Receiver.Begin(parts: 16, length: 4096);
/// await foreach (RingPart part in stream.Receiver.ReceiveForever(token))
/// {
///     using (part)
///     using (CpuAccess cpu = part.BeginRead())
///         sum += cpu.Span[0];
/// }
/// </code>
/// </example>
public sealed class StreamingAxiDma : IDisposable
{
    private StreamingAxiDma(AxiDmaChannel sender, AxiDmaReceiveRing receiver) => (Sender, Receiver) = (sender, receiver);

    /// <summary>The channel that sends (MM2S).</summary>
    public AxiDmaChannel Sender { get; }

    /// <summary>The channel that receives (S2MM).</summary>
    public AxiDmaReceiveRing Receiver { get; }

    /// <summary>Opens a core whose channels are one UIO device, with one interrupt for both, and resets it.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="options">How it was built, if the device tree does not say.</param>
    /// <param name="isCyclic">
    /// Whether <see cref="Receiver"/> goes on when the program has not taken its parts, and overwrites them. If not, the stream waits.
    /// </param>
    /// <exception cref="PlatformNotSupportedException">The core's addresses have more than 32 bits, and the process has 32.</exception>
    /// <inheritdoc cref="AxiDma.Open(UioDeviceId, AxiDmaOptions?)"/>
    public static StreamingAxiDma Open(UioDeviceId id, AxiDmaOptions? options = null, bool isCyclic = false) =>
        AxiDmaSide.Open(id, options, (sender, receiver) => Create(sender, receiver, isCyclic));

    /// <summary>Opens a core that is two UIO devices, a channel each with its interrupt, and resets it.</summary>
    /// <param name="send">The device with MM2S's interrupt.</param>
    /// <param name="receive">The device with S2MM's.</param>
    /// <param name="options">How it was built, if the device tree does not say.</param>
    /// <param name="isCyclic">As for a core that is one device.</param>
    /// <exception cref="PlatformNotSupportedException">The core's addresses have more than 32 bits, and the process has 32.</exception>
    /// <inheritdoc cref="AxiDma.Open(UioDeviceId, AxiDmaOptions?)"/>
    public static StreamingAxiDma Open(UioDeviceId send, UioDeviceId receive, AxiDmaOptions? options = null, bool isCyclic = false) =>
        AxiDmaSide.Open(send, receive, options, (sender, receiver) => Create(sender, receiver, isCyclic));

    /// <summary>Sends all of an import into <see cref="Sender"/>'s device as one packet; a <see cref="DeviceBuffer{T}"/> is one.</summary>
    /// <inheritdoc cref="AxiDma.SendAsync(DmaSegment, TimeSpan, CancellationToken)"/>
    public ValueTask<long> SendAsync(DmaMapping buffer, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return SendAsync(new DmaSegment(buffer, 0, buffer.Length), timeout, token);
    }

    /// <summary>Sends a part of a buffer as one packet.</summary>
    /// <inheritdoc cref="AxiDma.SendAsync(DmaSegment, TimeSpan, CancellationToken)"/>
    public ValueTask<long> SendAsync(DmaSegment part, TimeSpan timeout, CancellationToken token = default) =>
        AxiDma.TransferAsync(Sender, new DmaSegments(part), nameof(part), timeout, token);

    /// <summary>Closes the devices, which stops both channels first, and frees the ring. Later calls do nothing.</summary>
    public void Dispose()
    {
        Receiver.Session.Dispose();
        Sender.Session.Dispose();
        Receiver.Free();
    }

    private static StreamingAxiDma Create(AxiDmaSide sender, AxiDmaSide receiver, bool isCyclic) =>
        new(new AxiDmaChannel(sender, DmaDirection.ToDevice), new AxiDmaReceiveRing(receiver, isCyclic));
}
