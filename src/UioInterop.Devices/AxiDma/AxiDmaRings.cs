namespace UioInterop.Devices;

/// <summary>
/// An AXI DMA that sends and receives without an end: <see cref="Sender"/> sends the parts of a ring, <see cref="Receiver"/> fills
/// those of another. The core needs the scatter-gather engine.
/// </summary>
/// <example>
/// <code>
/// using var dma = AxiDmaRings.Open("axi-dma-0");
/// dma.Sender.Begin(parts: 16, length: 4096);
/// while (source.Read(out Frame frame))
/// {
///     using SendPart part = await dma.Sender.RentAsync(timeout);
///     using (CpuAccess cpu = part.BeginWrite())
///         frame.CopyTo(cpu.Span);
///     part.Send(frame.Length);
/// }
/// await dma.Sender.FlushAsync(timeout);
/// </code>
/// </example>
public sealed class AxiDmaRings : IDisposable
{
    private AxiDmaRings(AxiDmaSendRing sender, AxiDmaReceiveRing receiver) => (Sender, Receiver) = (sender, receiver);

    /// <summary>The channel that sends (MM2S).</summary>
    public AxiDmaSendRing Sender { get; }

    /// <summary>The channel that receives (S2MM).</summary>
    public AxiDmaReceiveRing Receiver { get; }

    /// <inheritdoc cref="StreamingAxiDma.Open(UioDeviceId, AxiDmaOptions?, bool)"/>
    public static AxiDmaRings Open(UioDeviceId id, AxiDmaOptions? options = null, bool isCyclic = false) =>
        AxiDmaSide.Open(id, options, (sender, receiver) => Create(sender, receiver, isCyclic));

    /// <inheritdoc cref="StreamingAxiDma.Open(UioDeviceId, UioDeviceId, AxiDmaOptions?, bool)"/>
    public static AxiDmaRings Open(UioDeviceId send, UioDeviceId receive, AxiDmaOptions? options = null, bool isCyclic = false) =>
        AxiDmaSide.Open(send, receive, options, (sender, receiver) => Create(sender, receiver, isCyclic));

    /// <summary>Closes the devices, which stops both channels first, and frees the rings. Later calls do nothing.</summary>
    public void Dispose()
    {
        Receiver.Session.Dispose();
        Sender.Session.Dispose();
        Receiver.Free();
        Sender.Free();
    }

    private static AxiDmaRings Create(AxiDmaSide sender, AxiDmaSide receiver, bool isCyclic) =>
        new(new AxiDmaSendRing(sender), new AxiDmaReceiveRing(receiver, isCyclic));
}
