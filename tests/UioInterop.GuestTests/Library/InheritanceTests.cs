using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>What a child process has of its parent's devices and buffers: nothing.</summary>
[Category(Needs.Import)]
internal sealed class InheritanceTests
{
    private static readonly string[] s_ours = ["/dev/uio", "/dmabuf:", "/dev/dma_heap", "/config", "/sys/class/uio"];

    private UioDevice _device = null!;
    private DmaBuf _buffer = null!;
    private DmaMapping _mapping = null!;

    [SetUp]
    public void HaveAll()
    {
        UnderTest.Bind();
        _device = UioDevice.Open(UioDeviceId.FromPath(UnderTest.DevicePath));
        _ = _device.Registers;
        _buffer = DmaHeap.Cma.Allocate(4096);
        Buffers.Fill(_buffer, Buffers.Pattern(4096, seed: 1));
        _mapping = _device.Import(_buffer, DmaDirection.Bidirectional);
    }

    [TearDown]
    public void LetGo()
    {
        _mapping.Dispose();
        _buffer.Dispose();
        _device.Dispose();
    }

    [Test]
    public void A_child_after_exec_inherits_no_descriptor()
    {
        Assert.That(Descriptors.Targets, Has.Some.StartsWith("/dev/uio").And.Some.StartsWith("/dmabuf"), "the parent's");

        using var child = ChildProcess.Idle();

        Assert.That(Descriptors.OfProcess(child.Id).Where(IsOurs), Is.Empty);
    }

    [Test]
    public void A_child_without_exec_inherits_no_memory_map()
    {
        using var rented = _buffer.BeginMemoryAccess(CpuAccessMode.Read);
        Assert.That(MemoryMaps.All().Where(map => IsOurs(map.Path)).Select(map => map.Path).Distinct().Count(), Is.EqualTo(2),
            "the parent's: registers and buffer");

        using var child = new ForkedChild();

        Assert.That(child.Maps, Is.Not.Empty);
        Assert.That(child.Maps.Where(map => IsOurs(map.Path)), Is.Empty);
    }

    private static bool IsOurs(string path) => s_ours.Any(each => path.Contains(each, StringComparison.Ordinal));
}
