using System.Buffers.Binary;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>An error of the AXI DMA: the bit of DMASR, how its cause comes into a descriptor, and words of the remedy.</summary>
public sealed record AxiDmaFault(AxiDmaStatus Bit, int Offset, ulong Value, string Remedy)
{
    // Where nobody is, and a page of the test core that refuses each access.
    private const ulong Nowhere = 0x70000000, Refused = 0xa0042000;

    internal static AxiDmaFault[] All =>
    [
        new(AxiDmaStatus.InternalError, AxiDmaDescriptors.Control, 0, "length"),
        new(AxiDmaStatus.SlaveError, AxiDmaDescriptors.Buffer, Refused, "XMPU"),
        new(AxiDmaStatus.DecodeError, AxiDmaDescriptors.Buffer, Nowhere, "Address Editor"),
        new(AxiDmaStatus.DescriptorInternalError, AxiDmaDescriptors.Status, 1u << 31, "used twice"),
        new(AxiDmaStatus.DescriptorSlaveError, AxiDmaDescriptors.Next, Refused, "XMPU"),
        new(AxiDmaStatus.DescriptorDecodeError, AxiDmaDescriptors.Next, Nowhere, "Address Editor"),
    ];

    internal void Cause(Span<byte> descriptor)
    {
        // Words of 32 bits, but for addresses.
        if (Offset is AxiDmaDescriptors.Control or AxiDmaDescriptors.Status)
            BinaryPrimitives.WriteUInt32LittleEndian(descriptor[Offset..], (uint)Value);
        else
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor[Offset..], Value);
    }

    public override string ToString() => $"{Bit}";
}

/// <summary>Each error that an AXI DMA with scatter-gather reports, by way of our driver.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
[TestFixtureSource(typeof(AxiDmaCore), nameof(AxiDmaCore.Streaming))]
internal sealed class AxiDmaErrorTests(AxiDmaCore core)
{
    private const int Length = 8192;
    private const int First = 4096, Second = 1024, Third = 64;
    private static readonly TimeSpan s_timeout = Bound.Long;

    private DmaBuf _source = null!;
    private DmaBuf _destination = null!;

    [SetUp]
    public void Allocate()
    {
        _source = DmaHeap.Cma.Allocate(Length);
        Buffers.Fill(_source, Buffers.Pattern(Length, seed: 1));
        _destination = DmaHeap.Cma.Allocate(Length);
    }

    [TearDown]
    public void Free()
    {
        _source.Dispose();
        _destination.Dispose();
    }

    // The first part has been sent, as far as the stream takes it; the second is looked at when somebody receives.
    [TestCaseSource(typeof(AxiDmaFault), nameof(AxiDmaFault.All))]
    public async Task Sending_fails_with_the_error_and_the_channel_is_usable_afterwards(AxiDmaFault fault)
    {
        using var dma = core.Open();
        var sent = dma.SendAsync(Parts(_source), s_timeout).AsTask();
        AxiDmaDescriptors.ChangeSecond(dma.Sender.Device, DmaDirection.ToDevice, fault.Cause);

        var received = dma.ReceiveAsync(_destination, s_timeout).AsTask();

        await AssertFailed(dma.Sender, sent, fault.Bit, fault.Remedy);
        Assert.That(async () => await received, Throws.InstanceOf<TransferStoppedException>(), "one reset is for both");
        await AssertUsable(dma);
    }

    [TestCaseSource(typeof(AxiDmaFault), nameof(AxiDmaFault.All))]
    public async Task Receiving_fails_with_the_error_and_the_channel_is_usable_afterwards(AxiDmaFault fault)
    {
        using var dma = core.Open();
        var received = dma.ReceiveAsync(Parts(_destination), s_timeout).AsTask();
        AxiDmaDescriptors.ChangeSecond(dma.Receiver.Device, DmaDirection.FromDevice, fault.Cause);

        var sent = dma.SendAsync(_source, s_timeout).AsTask();

        await AssertFailed(dma.Receiver, received, fault.Bit, fault.Remedy);
        Assert.That(async () => await sent, Throws.InstanceOf<TransferStoppedException>(), "one reset is for both");
        Assert.That(Buffers.Read(_destination, Length)[(First + Second + Third)..], Is.All.Zero);
        await AssertUsable(dma);
    }

    [TestCaseSource(typeof(AxiDmaFault), nameof(AxiDmaFault.All))]
    public async Task A_ring_ends_with_the_error_and_can_be_begun_again(AxiDmaFault fault)
    {
        using var dma = core.OpenStreaming();
        dma.Receiver.Begin(parts: 4, First);
        AxiDmaDescriptors.ChangeSecond(dma.Receiver.Device, DmaDirection.FromDevice, fault.Cause);

        var sent = SendTwice();

        // A part that is given back has its descriptor written again: without the fault, if the channel was not there yet.
        var parts = new List<RingPart>();
        var error = await Assert.ThrowsAsync<AxiDmaException>(async () =>
        {
            while (true)
                parts.Add(await dma.Receiver.ReceiveAsync(s_timeout));
        });
        parts.ForEach(each => each.Dispose());
        Assert.That(error!.Status & AxiDmaException.Errors, Is.EqualTo(fault.Bit));
        Assert.That(async () => await sent, Throws.InstanceOf<TransferStoppedException>());
        dma.Receiver.Begin(parts: 4, First);
        await dma.SendAsync(new DmaSegment(_source, 0, First), s_timeout);
        using var part = await dma.Receiver.ReceiveAsync(s_timeout);
        using var cpu = part.BeginRead();
        Assert.That(cpu.Span.SequenceEqual(Buffers.Pattern(Length, seed: 1).AsSpan(0, First)), Is.True);

        async Task SendTwice()
        {
            for (var i = 0; i < 2; i++)
                await dma.SendAsync(new DmaSegment(_source, 0, Length), s_timeout);
        }
    }

    private async Task AssertUsable(AxiDma dma)
    {
        foreach (var buffer in (DmaBuf[])[_source, _destination])
            Assert.That(() => Buffers.Read(buffer, 4), Throws.Nothing, "it is the CPU's again");
        Assert.That(Buffers.Read(_source, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 1)));

        await LoopedPacket.AssertArrivesAsync(dma, _source, _destination, seed: 2);
    }

    internal static async Task AssertFailed(AxiDmaChannel channel, Task transfer, AxiDmaStatus bits, string remedy)
    {
        var error = (await Assert.ThrowsAsync<AxiDmaException>(async () => await transfer))!;

        Assert.That(error.Status & AxiDmaException.Errors, Is.EqualTo(bits));
        Assert.That(error.Message, Does.Contain($"{channel}").And.Contains($"{bits}").And.Contains(remedy));
    }

    private static DmaSegment[] Parts(DmaBuf buffer) =>
        [new(buffer, 0, First), new(buffer, First, Second), new(buffer, First + Second, Third)];
}

/// <summary>The same of one in direct register mode, whose device tree node is under a bus with wrong dma-ranges.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
internal sealed class MisplacedAxiDmaTests
{
    private const int Length = 4096;
    private static readonly TimeSpan s_timeout = Bound.Long;

    [Test]
    public async Task Wrong_addresses_are_decode_errors_of_both_channels_and_the_core_is_usable_afterwards()
    {
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);
        Buffers.Fill(source, Buffers.Pattern(Length, seed: 1));
        using (var dma = AxiDma.Open("dma-misplaced", new AxiDmaOptions { PollInterval = TimeSpan.FromMilliseconds(1) }))
        using (var peer = AxiDma.Open("dma-direct"))
        {
            await AxiDmaErrorTests.AssertFailed(
                dma.Sender, dma.SendAsync(source, s_timeout).AsTask(), AxiDmaStatus.DecodeError, "Address Editor");

            // It cannot send what it would receive.
            var received = dma.ReceiveAsync(destination, s_timeout).AsTask();
            var sent = peer.SendAsync(source, TimeSpan.FromMilliseconds(200)).AsTask();
            await AxiDmaErrorTests.AssertFailed(
                dma.Receiver, received, AxiDmaStatus.DecodeError | AxiDmaStatus.InternalError, "Address Editor");
            Assert.That(async () => await sent, Throws.InstanceOf<TimeoutException>(), "its driver knows nothing of the other's reset");
            Assert.That(Buffers.Read(destination, Length), Is.All.Zero);
        }

        using var direct = AxiDma.Open("dma-direct");
        await LoopedPacket.AssertArrivesAsync(direct, source, destination, seed: 2);
    }
}
