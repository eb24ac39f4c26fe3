using Tmds.Linux;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>
/// Without translation the pieces of a buffer lie where the allocator found them. Whether the one range that the kernel
/// gives really is the buffer, the device tells.
/// </summary>
[Category(Needs.Edu), Category(Needs.Direct)]
internal sealed class RangeTests : AbiTest
{
    private static readonly TimeSpan s_timeout = Bound.Long;

    // The system heap's largest piece is 1 MiB, so each of these has two at least, sometimes neighbours.
    private static readonly int[] s_lengths = [2 << 20, (2 << 20) + (64 << 10)];

    [Test]
    public void Pieces_that_touch_are_one_range_and_pieces_apart_are_refused()
    {
        var (together, apart) = (0, 0);
        // Kept until the end, so that each comes from elsewhere.
        var buffers = new List<DmaBuf>();
        for (var i = 0; i < 64 && (together == 0 || apart == 0); i++)
        {
            var buffer = DmaHeap.System.Allocate(s_lengths[i % s_lengths.Length]);
            buffers.Add(buffer);
            if (IsOneRange(buffer))
                together++;
            else
                apart++;
            Assert.That(Attachments, Is.Zero);
        }
        buffers.ForEach(buffer => buffer.Dispose());

        Assert.That((together > 0, apart > 0), Is.EqualTo((true, true)), $"{together} together, {apart} apart");
    }

    [Test]
    public void The_CMA_heap_gives_one_range()
    {
        using var buffer = DmaHeap.Cma.Allocate(4 << 20);

        Assert.That(IsOneRange(buffer), Is.True);
    }

    /// <summary>Maps, and has the device read both ends and what lies behind the first piece.</summary>
    private bool IsOneRange(DmaBuf buffer)
    {
        var length = (int)buffer.Length;
        var pattern = Buffers.Pattern(length, seed: length);
        Buffers.Fill(buffer, pattern);
        using var file = buffer.DuplicateHandle();
        var result = RawUio.Map(Uio, RawFile.Number(file), RawArguments.ToDevice, out var mapped);
        if (result == -LibC.EINVAL)
            return false;

        Assert.That((result, mapped.Size), Is.EqualTo((0, (ulong)length)));
        using var edu = EduDevice.Open(new UioOpenOptions { IsExclusive = false }); // the bare file has buffers
        foreach (var offset in (int[])[0, 1 << 20, length - EduDevice.MaxTransfer])
        {
            var bytes = ThroughTheDevice(edu, new DeviceAddress(mapped.Address) + offset);
            Assert.That(bytes, Is.EqualTo(pattern.AsSpan(offset, EduDevice.MaxTransfer).ToArray()), $"at {offset}");
        }
        Assert.That(RawUio.Unmap(Uio, file), Is.Zero);
        return true;
    }

    private static byte[] ThroughTheDevice(EduDevice edu, DeviceAddress source)
    {
        using var destination = DmaHeap.Cma.Allocate(EduDevice.MaxTransfer);
        using var mapping = edu.Device.Import(destination, DmaDirection.FromDevice);
        edu.Start(EduTransfer.ToDevice, source, EduDevice.MaxTransfer);
        Assert.That(edu.TryWaitForCompletion(s_timeout, out _), Is.True);
        edu.CopyFromDevice(mapping, 0, EduDevice.MaxTransfer, s_timeout);
        return Buffers.Read(destination, EduDevice.MaxTransfer);
    }
}
