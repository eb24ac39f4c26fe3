using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

[Category(Needs.Core)]
internal sealed class UnmapTests : AbiTest
{
    [Test]
    public unsafe void Unmap_answers_with_a_structure_of_zeros()
    {
        using var buffer = Buffer();
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);
        var bytes = stackalloc byte[32];
        new Span<byte>(bytes, 32).Fill(0xA5);
        *(int*)bytes = RawFile.Number(buffer);

        Assert.That(RawUio.Ioctl(Uio, RawUio.UnmapCommand, bytes), Is.Zero);

        Assert.That(new Span<byte>(bytes, 32).ToArray(), Is.All.Zero);
        Assert.That(Attachments, Is.Zero);
    }

    [Test]
    public void A_buffer_that_is_not_mapped_is_ENOENT()
    {
        using var buffer = Buffer();

        Assert.That(RawUio.Unmap(Uio, buffer), Is.EqualTo(-LibC.ENOENT));
    }

    [Test]
    public void A_closed_descriptor_is_EBADF_and_the_mapping_stays()
    {
        using var buffer = Buffer();
        var duplicate = RawFile.Duplicate(buffer);
        var number = RawFile.Number(duplicate);
        Assert.That(RawUio.Map(Uio, duplicate), Is.Zero);
        duplicate.Dispose();

        Assert.That(RawUio.Unmap(Uio, number), Is.EqualTo(-LibC.EBADF));
        Assert.That(Attachments, Is.EqualTo(1));
    }

    [Test]
    public void Any_descriptor_of_the_buffer_unmaps_it()
    {
        using var buffer = Buffer();
        using var duplicate = RawFile.Duplicate(buffer);
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);

        Assert.That(RawUio.Unmap(Uio, duplicate), Is.Zero);
        Assert.That(Attachments, Is.Zero);
    }

    // Looked up by number, the second buffer's unmap would have ended the first one's mapping.
    [Test]
    public void A_descriptor_number_that_was_reused_names_the_buffer_it_refers_to_now()
    {
        using var first = Buffer();
        using var second = Buffer();
        using var reused = RawFile.Duplicate(first);
        Assert.That(RawUio.Map(Uio, reused), Is.Zero);
        RawFile.DuplicateTo(second, RawFile.Number(reused));

        Assert.That(RawUio.Unmap(Uio, reused), Is.EqualTo(-LibC.ENOENT), "the second buffer was never mapped");
        Assert.That(Attachments, Is.EqualTo(1));
        Assert.That(RawUio.Unmap(Uio, first), Is.Zero);
    }

    [Test]
    public unsafe void A_copy_to_user_space_that_fails_leaves_the_buffer_mapped()
    {
        using var buffer = Buffer();
        using var page = new ReadOnlyPage();
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);
        page.Fill(new RawArguments { Fd = RawFile.Number(buffer) });

        Assert.That(RawUio.Ioctl(Uio, RawUio.UnmapCommand, page.Address), Is.EqualTo(-LibC.EFAULT));

        Assert.That(Attachments, Is.EqualTo(1));
        Assert.That(RawUio.Unmap(Uio, buffer), Is.Zero, "and can be unmapped");
    }

    [Test]
    public void The_mapping_keeps_the_buffer_alive()
    {
        var before = Settled.Buffers;
        var buffer = Buffer();
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);

        buffer.Dispose();
        Assert.That(DmaBufTable.Buffers, Is.EqualTo(before + 1));

        Uio.Dispose();
        Assert.That(DmaBufTable.Buffers, Is.EqualTo(before));
    }
}
