using Microsoft.Win32.SafeHandles;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>A raw file of the device under test and a count of what stays attached after the test.</summary>
[Category(Needs.Import)]
internal abstract class AbiTest
{
    private int _attachmentsBefore;

    protected SafeFileHandle Uio { get; private set; } = null!;

    [SetUp]
    public void OpenDevice()
    {
        UnderTest.Bind();
        Uio = RawUio.Open(UnderTest.DevicePath);
        _attachmentsBefore = Settled.Attachments;
    }

    [TearDown]
    public void CloseDevice()
    {
        Uio.Dispose();
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(_attachmentsBefore), "attachments left");
    }

    /// <summary>Attachments that this test has made so far.</summary>
    protected int Attachments => DmaBufTable.AttachmentsOf(UnderTest.Name) - _attachmentsBefore;

    /// <summary>Whether the kernel has TAINT_USER: Documentation/admin-guide/tainted-kernels.rst.</summary>
    protected static bool IsTainted => (long.Parse(File.ReadAllText("/proc/sys/kernel/tainted"), null) & 1 << 6) != 0;

    /// <summary>Nobody who gets it wrong, however often, writes into the kernel's log.</summary>
    protected static void AssertNotLogged(Action wrong)
    {
        using var log = new GuestLog();
        for (var i = 0; i < 1000; i++)
            wrong();

        // Not empty: the kernel may have something else to say meanwhile.
        Assert.That(log.Drain(), Has.Count.LessThan(20));
    }

    protected static SafeFileHandle Buffer(long length = 4096)
    {
        using var buffer = DmaHeap.System.Allocate(length);
        return buffer.DuplicateHandle();
    }
}
