using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>
/// A process is killed while its device is about to write into its buffer. uio_pci_generic takes bus mastering from the
/// device when the file is released, so that without a quiesce program the write is lost; with one the kernel waits for it.
/// </summary>
[Category(Needs.Handles)]
internal sealed class KillTests : EduTest
{
    private static readonly byte[] s_pattern = Buffers.Pattern(Length, seed: 91);

    [Test]
    public void Without_a_program_the_write_is_lost() => BeforeTheWrite.Stop(buffer => KillWriter(buffer, withProgram: false));

    [Test]
    public void With_a_program_the_kernel_waits_for_the_write_before_it_takes_the_buffer([Range(1, 3)] int _)
    {
        using var buffer = DmaHeap.Cma.Allocate(Length);

        KillWriter(buffer, withProgram: true);

        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(s_pattern));
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
    }

    private void KillWriter(DmaBuf buffer, bool withProgram)
    {
        Load(s_pattern);
        Edu.Dispose(); // the other process opens it
        ChildProcess.WriteAndBeKilled(buffer, withProgram);
        OpenDevice();
    }
}
