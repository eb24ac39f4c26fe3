using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>What a cache of imports has and has not, when transfers outlast what was asked of it meanwhile.</summary>
[Category(Needs.Import)]
internal sealed class MappingCacheTests
{
    private readonly List<DmaBuf> _buffers = [];
    private UioDevice _device = null!;
    private DmaMappingCache _cache = null!;

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        _device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name), new UioOpenOptions { TransferTimeout = TimeSpan.Zero });
        _cache = new DmaMappingCache(_device, capacity: 2);
    }

    [TearDown]
    public void Close()
    {
        _device.Dispose();
        foreach (var buffer in _buffers)
            buffer.Dispose();
        _buffers.Clear();
    }

    private static int Attachments => DmaBufTable.AttachmentsOf(UnderTest.Name);

    [Test]
    public void More_than_it_has_room_for_are_kept_during_their_transfers_only()
    {
        var leases = Enumerable.Range(0, 5).Select(_ => Begin(Allocate())).ToArray();
        Assert.That(Attachments, Is.EqualTo(5));

        foreach (var lease in leases)
            lease.Complete();
        _cache.Trim();

        Assert.That(Attachments, Is.EqualTo(2));
    }

    [Test]
    public void A_buffer_that_was_removed_during_its_transfer_can_be_used_again()
    {
        var buffer = Allocate();
        var first = Begin(buffer);
        Assert.That(_cache.Remove(buffer), Is.True);

        var second = Begin(buffer);
        first.Complete();
        _cache.Trim();
        Assert.That(Attachments, Is.EqualTo(1), "it is one of the cache's again");

        second.Complete();
        Assert.That(_cache.Remove(buffer), Is.True);
        Assert.That(Attachments, Is.Zero);
    }

    [Test]
    public void A_buffer_that_was_disposed_during_its_transfer_cannot()
    {
        var buffer = Allocate();
        var lease = Begin(buffer);
        buffer.Dispose();

        Assert.That(() => Begin(buffer), Throws.InstanceOf<ObjectDisposedException>());

        lease.Complete();
        _cache.Trim();
        Assert.That(Attachments, Is.Zero);
    }

    private DmaBuf Allocate()
    {
        _buffers.Add(DmaHeap.Cma.Allocate(4096));
        return _buffers[^1];
    }

    private TransferLease Begin(DmaBuf buffer) => _cache.BeginTransfer(buffer, 0, 4096);
}
