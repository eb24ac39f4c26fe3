using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>An open ZDMA channel, at rest, and nothing attached to it after the test.</summary>
[Category(Needs.Zdma), Category(Needs.Import)]
internal abstract class ZynqMpDmaTest
{
    protected const int Length = 64 << 10;

    protected static readonly TimeSpan Timeout = Bound.Long;

    protected static UioDeviceId Id => UioDeviceId.FromParent(UnderTest.Name);

    protected ZynqMpDma Dma { get; private set; } = null!;

    protected ZdmaByHand ByHand { get; private set; } = null!;

    [SetUp]
    public void OpenChannel() => OpenChannel(new UioOpenOptions());

    protected void OpenChannel(UioOpenOptions options)
    {
        UnderTest.Bind();
        Dma = ZynqMpDma.Open(Id, options);
        ByHand = new ZdmaByHand(Dma.Device);
    }

    [TearDown]
    public void CloseChannel()
    {
        Dma.Dispose();
        Assert.That(Attachments, Is.Zero, "attachments left");
    }

    protected static int Attachments => DmaBufTable.AttachmentsOf(UnderTest.Name);

    /// <summary>A buffer full of a pattern.</summary>
    protected static DmaBuf Filled(int seed, int length = Length)
    {
        var buffer = DmaHeap.Cma.Allocate(length);
        Buffers.Fill(buffer, Buffers.Pattern(length, seed));
        return buffer;
    }

    /// <summary>Nobody touches a buffer: the CPU may do everything with it.</summary>
    protected static void AssertFree(params DmaBuf[] buffers)
    {
        foreach (var buffer in buffers)
            buffer.BeginAccess(CpuAccessMode.ReadWrite).Dispose();
    }
}
