using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>The CPU's scopes and the device's transfers in one buffer: who keeps whom out.</summary>
[Category(Needs.Edu), Category(Needs.Import)]
internal sealed class ScopeAndTransferTests
{
    private UioDevice _device = null!;
    private DmaBuf _buffer = null!;

    // Direction, mode, whether they may be in different parts of a buffer at a time. In the same part they never may.
    private static readonly object[] s_rules =
    [
        new object[] { DmaDirection.ToDevice, CpuAccessMode.Read, true },
        new object[] { DmaDirection.ToDevice, CpuAccessMode.Write, true },
        new object[] { DmaDirection.ToDevice, CpuAccessMode.ReadWrite, true },
        new object[] { DmaDirection.FromDevice, CpuAccessMode.Read, true },
        new object[] { DmaDirection.Bidirectional, CpuAccessMode.Read, true },
        // The kernel syncs all of a buffer: the end of the scope would write over what the device has written.
        new object[] { DmaDirection.Bidirectional, CpuAccessMode.Write, false },
        new object[] { DmaDirection.Bidirectional, CpuAccessMode.ReadWrite, false },
    ];

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        _device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
        _buffer = DmaHeap.Cma.Allocate(8192);
    }

    [TearDown]
    public void Close()
    {
        _device.Dispose();
        _buffer.Dispose();
    }

    [TestCaseSource(nameof(s_rules))]
    public void A_transfer_is_refused_in_the_way_of_a_scope(DmaDirection direction, CpuAccessMode mode, bool besides)
    {
        using var mapping = _device.Import(_buffer, direction);
        using (_buffer.BeginAccess(mode, 1000, 1000))
        {
            Assert.That(() => mapping.BeginTransfer(1999, 1), Throws.InvalidOperationException);
            Assert.That(() => mapping.BeginTransfer(0, 1001), Throws.InvalidOperationException);
            Assert.That(() => mapping.BeginTransfer(0, 8192), Throws.InvalidOperationException);
            Assert.That(Begins(() => mapping.BeginTransfer(0, 1000).Complete()), Is.EqualTo(besides));
            Assert.That(Begins(() => mapping.BeginTransfer(2000, 6192).Complete()), Is.EqualTo(besides));
        }
        Assert.That(Begins(() => mapping.BeginTransfer(0, 8192).Complete()), Is.True, "after it");
    }

    [TestCaseSource(nameof(s_rules))]
    public void A_scope_is_refused_in_the_way_of_a_transfer(DmaDirection direction, CpuAccessMode mode, bool besides)
    {
        using var mapping = _device.Import(_buffer, direction);
        var lease = mapping.BeginTransfer(1000, 1000);
        Assert.That(Begins(() => _buffer.BeginAccess(mode, 1999, 1).Dispose()), Is.False);
        Assert.That(Begins(() => _buffer.BeginMemoryAccess(mode, 0, 1001).Dispose()), Is.False);
        Assert.That(Begins(() => _buffer.BeginAccess(mode).Dispose()), Is.False);
        Assert.That(Begins(() => _buffer.BeginAccess(mode, 0, 1000).Dispose()), Is.EqualTo(besides));
        Assert.That(Begins(() => _buffer.BeginMemoryAccess(mode, 2000).Dispose()), Is.EqualTo(besides));

        lease.Complete();
        Assert.That(Begins(() => _buffer.BeginAccess(mode).Dispose()), Is.True, "after it");
    }

    [TestCase(CpuAccessMode.Write)]
    [TestCase(CpuAccessMode.ReadWrite)]
    public void A_buffer_imported_FromDevice_is_not_opened_for_writing(CpuAccessMode mode)
    {
        using (_device.Import(_buffer, DmaDirection.FromDevice))
        {
            Assert.That(Begins(() => _buffer.BeginAccess(mode).Dispose()), Is.False);
            Assert.That(Begins(() => _buffer.BeginMemoryAccess(mode).Dispose()), Is.False);
        }
        Assert.That(Begins(() => _buffer.BeginAccess(mode).Dispose()), Is.True, "after the mapping");
    }

    [TestCaseSource(nameof(s_rules))]
    public void The_end_of_a_mapping_is_refused_where_it_would_lose_what_a_scope_writes(DmaDirection direction, CpuAccessMode mode,
        bool besides)
    {
        var mapping = _device.Import(_buffer, direction);
        using (_buffer.BeginAccess(mode, 0, 1))
            Assert.That(Begins(mapping.End), Is.EqualTo(besides));
        mapping.Dispose();
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
    }

    [Test]
    public void A_scope_that_is_refused_leaves_nothing_open()
    {
        using (var mapping = _device.Import(_buffer, DmaDirection.Bidirectional))
        {
            var lease = mapping.BeginTransfer(0, 8192);
            Assert.That(Begins(() => _buffer.BeginAccess(CpuAccessMode.Read).Dispose()), Is.False);
            lease.Complete();
        }
        Assert.That(_buffer.Dispose, Throws.Nothing);
    }

    private static bool Begins(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (InvalidOperationException error) when (error is not ObjectDisposedException)
        {
            return false;
        }
    }
}
