using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>What the kernel does not take for a device's register, although mmap() would give it.</summary>
[Category(Needs.Handles)]
internal sealed class RegisterBoundsTests
{
    // With the bare file that the calls are made of.
    private static readonly UioOpenOptions s_shared = new() { IsExclusive = false };

    // Eight of these devices share a page, and each one's map is that page.
    [Test, Category(Needs.Rng)]
    public void Registers_of_a_neighbour_on_the_same_page()
    {
        UnderTest.Bind();
        using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name), s_shared);
        var map = device.Registers.Info;
        Assert.That(map.Size, Is.EqualTo(4096).And.GreaterThan(map.Length), "something else is in the rest of the page");

        AssertAnswers(device.Info.DevicePath, (ulong)map.Offset, 0);
        AssertAnswers(device.Info.DevicePath, (ulong)map.Offset - sizeof(uint), LibCErrno.EINVAL);
    }

    [Test, Category(Needs.GenericUio)]
    public void Memory()
    {
        using var device = UioDevice.Open(UioDeviceId.FromName("memory"), s_shared);

        AssertAnswers(device.Info.DevicePath, 0, LibCErrno.EOPNOTSUPP);
    }

    // A program is checked and not run: nothing is mapped when the file is closed.
    private static void AssertAnswers(string path, ulong register, int errno)
    {
        using var file = RawUio.Open(path);
        var write = new RawQuiesceOp { Kind = RawQuiesceOp.Write, Width = 32, Register = register };
        var poll = new RawQuiesceOp { Kind = RawQuiesceOp.Poll, Width = 32, Register = register };
        Assert.That(RawHandles.SetQuiesce(file, write, poll), Is.EqualTo(-errno));
        if (errno == 0)
            return;

        using var heapBuffer = DmaHeap.Cma.Allocate(4096);
        using var buffer = heapBuffer.DuplicateHandle();
        var handle = RawHandles.Attached(file, buffer);
        var address = new RawWriteAddress { Handle = handle, Length = 4096, Register = register, Format = RawHandles.Address32 };
        Assert.That(RawHandles.WriteAddress(file, address), Is.EqualTo(-errno));
        Assert.That(RawHandles.Detach(file, handle), Is.Zero);
    }
}
