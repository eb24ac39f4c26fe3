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

    // The device writes after 100 ms, and the emulator may be late with the kill: then it is tried again.
    [Test]
    public void Without_a_program_the_write_is_lost()
    {
        const int attempts = 20;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            if (!Written(withProgram: false).ContainsAnyExcept((byte)0))
                return;
        }
        Assert.Fail($"in {attempts} attempts the process was never killed before the write");
    }

    [Test]
    public void With_a_program_the_kernel_waits_for_the_write_before_it_takes_the_buffer([Range(1, 3)] int _)
    {
        Assert.That(Written(withProgram: true), Is.EqualTo(s_pattern));
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
    }

    private byte[] Written(bool withProgram)
    {
        using var buffer = DmaHeap.Cma.Allocate(Length);
        Load(s_pattern);
        Edu.Dispose(); // the other process opens it
        ChildProcess.WriteAndBeKilled(buffer, withProgram);
        OpenDevice();
        return Buffers.Read(buffer, Length);
    }
}
