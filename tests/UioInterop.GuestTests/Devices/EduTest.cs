using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>An open edu device, at rest, and nothing attached to it after the test.</summary>
[Category(Needs.Edu), Category(Needs.Import)]
internal abstract class EduTest
{
    protected const int Length = EduDevice.MaxTransfer;

    protected static readonly TimeSpan Timeout = Bound.Long;

    protected EduDevice Edu { get; private set; } = null!;

    [SetUp]
    public void OpenDevice() => OpenDevice(new UioOpenOptions());

    protected void OpenDevice(UioOpenOptions options)
    {
        UnderTest.Bind();
        Edu = EduDevice.Open(options);
    }

    [TearDown]
    public void CloseDevice()
    {
        Edu.Dispose();
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero, "attachments left");
    }

    /// <summary>Puts bytes into the device's own buffer.</summary>
    protected void Load(ReadOnlySpan<byte> bytes)
    {
        using var buffer = DmaHeap.Cma.Allocate(bytes.Length);
        Buffers.Fill(buffer, bytes);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.ToDevice);
        Edu.CopyToDevice(mapping, 0, bytes.Length, Timeout);
    }
}
