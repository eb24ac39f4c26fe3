using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>What becomes of objects that nobody disposed.</summary>
[Category(Needs.Edu), Category(Needs.Import)]
internal sealed class CollectorTests
{
    private static int Attachments => DmaBufTable.AttachmentsOf(UnderTest.Name);

    [SetUp]
    public void Bind()
    {
        UnderTest.Bind();
        Collector.Run();
        Assert.That(Attachments, Is.Zero);
    }

    [Test]
    public void A_dropped_mapping_stays_and_is_counted_and_told()
    {
        using var device = Open();
        using var buffer = DmaHeap.Cma.Allocate(4096);
        var address = ImportAndForget(device, buffer);
        using var log = new EventLog();

        Collector.Run();

        Assert.That((device.DroppedMappings, Attachments), Is.EqualTo((1, 1)));
        var told = log.All.Single();
        Assert.That((told.EventName, told.Level), Is.EqualTo(("MappingDropped", EventLevel.Warning)));
        Assert.That(told.Payload, Is.EqualTo(new object[] { device.Info.DevicePath, buffer.Exporter, "FromDevice", address, 4096L }));
        device.Dispose();
        Assert.That(Attachments, Is.Zero);
    }

    [Test]
    public void A_mapping_that_was_disposed_or_ended_with_its_device_is_not_dropped()
    {
        var device = Open();
        using (var buffer = DmaHeap.Cma.Allocate(4096))
        {
            ImportAndDispose(device, buffer);
            Collector.Run();
            ImportAndForget(device, buffer);
            device.Dispose();
        }

        Collector.Run();
        Assert.That(device.DroppedMappings, Is.Zero);
    }

    [Test]
    public void The_buffer_of_a_dropped_mapping_may_be_dropped_too()
    {
        var before = Settled.Buffers;
        using var device = Open();
        AllocateImportAndForget(device);

        Collector.Run();
        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((1, before + 1)));

        device.Dispose();
        Collector.Run();
        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((0, before)));
    }

    // Nobody is left to dispose anything: closing the file does the work, and the registers must not keep it open.
    [TestCase(false)]
    [TestCase(true)]
    public void An_unreachable_device_and_its_mappings_leave_nothing_behind(bool withRegisters)
    {
        var before = Settled.Buffers;
        OpenImportAndForget(withRegisters);
        Assert.That(Attachments, Is.EqualTo(2));

        Collector.Run();

        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((0, before)));
        Assert.That(MemoryMaps.Of(UnderTest.DevicePath), Is.Empty);
        using var again = Open(); // which needs the lock
    }

    [Test]
    public void A_mapping_that_was_disposed_and_is_remembered_hides_no_other()
    {
        using var device = Open();
        using var buffer = DmaHeap.Cma.Allocate(4096);
        var disposed = device.Import(buffer, DmaDirection.FromDevice);
        disposed.Dispose();
        ImportAndForget(device, buffer);

        Collector.Run();

        Assert.That(device.DroppedMappings, Is.EqualTo(1));
        GC.KeepAlive(disposed);
    }

    [Test]
    public void A_lease_that_was_dropped_keeps_nothing()
    {
        var before = Settled.Buffers;
        OpenBeginAndForget();

        Collector.Run();

        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((0, before)));
    }

    // Its span is in use, perhaps, and keeps nothing from the collector.
    [TestCase(false)]
    [TestCase(true)]
    public void A_scope_that_was_never_disposed_keeps_its_memory(bool rented)
    {
        var address = BeginScopeAndForget(rented);

        Collector.Run();

        Assert.That(MemoryMaps.All().Single(map => map.Start <= address && address < map.End).Path, Does.StartWith("/dmabuf"));
    }

    [Test]
    public void Collections_at_every_turn_change_nothing()
    {
        Assert.That(ChildProcess.WorkUnderCollections(), Is.EqualTo(ChildProcess.Worked));
        Assert.That(Attachments, Is.Zero);
    }

    private static UioDevice Open() => UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ImportAndForget(UioDevice device, DmaBuf buffer) =>
        device.Import(buffer, DmaDirection.FromDevice).Address.Value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ImportAndDispose(UioDevice device, DmaBuf buffer) =>
        device.Import(buffer, DmaDirection.FromDevice).Dispose();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AllocateImportAndForget(UioDevice device) =>
        device.Import(DmaHeap.Cma.Allocate(4096), DmaDirection.FromDevice);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void OpenImportAndForget(bool withRegisters)
    {
        var device = Open();
        device.Quiesce = () => GC.KeepAlive(device); // as a driver's does
        AllocateImportAndForget(device);
        AllocateImportAndForget(device);
        if (withRegisters)
            device.Registers.Read32(0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe ulong BeginScopeAndForget(bool rented)
    {
        var buffer = DmaHeap.Cma.Allocate(4096);
        if (rented)
            return (ulong)buffer.BeginMemoryAccess(CpuAccessMode.Read).Memory.Pin().Pointer;

        var cpu = buffer.BeginAccess(CpuAccessMode.Read);
        fixed (byte* first = cpu.Span)
            return (ulong)first;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void OpenBeginAndForget()
    {
        var device = Open();
        var buffer = DmaHeap.Cma.Allocate(4096);
        device.Import(buffer, DmaDirection.Bidirectional).BeginTransfer(0, 100);
    }
}
