namespace UioInterop.Devices;

/// <summary>
/// An AXI DMA that receives for ever: <see cref="Receiver"/> fills a ring of parts. Packets are sent as with <see cref="AxiDma"/>.
/// The core takes the scatter-gather engine for it.
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

    /// <inheritdoc cref="AxiDma.Open(UioDeviceId, AxiDmaOptions?)"/>
    public static StreamingAxiDma Open(UioDeviceId id, AxiDmaOptions? options = null) => DeviceSession.Open(id, options?.Open, session =>
    {
        AxiDmaOptions known = AxiDma.OptionsFor(session, options);
        var domain = new StopDomain();
        return new StreamingAxiDma(new AxiDmaChannel(session, domain, DmaDirection.ToDevice, known), new AxiDmaReceiveRing(session, domain, known));
    });

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

    /// <summary>Closes the device, which stops both channels first, and frees the ring. Later calls do nothing.</summary>
    public void Dispose()
    {
        Receiver.Session.Dispose();
        Receiver.Free();
    }
}
