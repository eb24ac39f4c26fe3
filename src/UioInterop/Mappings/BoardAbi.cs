using UioInterop.Interop;

namespace UioInterop;

/// <summary>The boards' two ioctls: a buffer of one range, named by its descriptor, its address told at once.</summary>
internal sealed class BoardAbi : ImportAbi
{
    public static BoardAbi Instance { get; } = new();

    public override string AttachCall => Calls.Map;

    public override string DetachCall => Calls.Unmap;

    public override int Attach(int uio, Attachment attachment)
    {
        int result = Shim.Map(uio, attachment.Buffer.FileNumber, (uint)attachment.Direction, out ulong address, out ulong length);
        if (result < 0)
            return result;

        attachment.Set(handle: 0, rangeCount: 1, length);
        attachment.SetAddress(address);
        return 0;
    }

    public override int Detach(int uio, Attachment attachment) => Shim.Unmap(uio, attachment.Buffer.FileNumber);

    // Attach has read the only one.
    public override int ReadRanges(int uio, Attachment attachment) => 0;
}
