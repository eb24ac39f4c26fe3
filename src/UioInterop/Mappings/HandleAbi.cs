using UioInterop.Interop;

namespace UioInterop;

/// <summary>The import by handle: buffers of any number of ranges, which are read when somebody asks.</summary>
internal sealed unsafe class HandleAbi : ImportAbi
{
    public static HandleAbi Instance { get; } = new();

    public override string AttachCall => Calls.Attach;

    public override string DetachCall => Calls.Detach;

    public override int Attach(int uio, Attachment attachment)
    {
        int result = Shim.Attach(uio, attachment.Buffer.FileNumber, (uint)attachment.Direction, out uint handle, out uint rangeCount,
            out ulong length);
        if (result >= 0)
            attachment.Set(handle, rangeCount, length);
        return result;
    }

    public override int Detach(int uio, Attachment attachment) => Shim.Detach(uio, attachment.Handle);

    public override int ReadRanges(int uio, Attachment attachment)
    {
        if (attachment.RangeCount == 1)
        {
            RangeArguments only;
            int result = Shim.Ranges(uio, attachment.Handle, 0, &only, 1);
            if (result >= 0)
                attachment.SetAddress(only.Address);
            return result;
        }

        var ranges = new RangeArguments[attachment.RangeCount];
        for (int told = 0; told < ranges.Length;)
        {
            fixed (RangeArguments* rest = &ranges[told])
            {
                int result = Shim.Ranges(uio, attachment.Handle, (uint)told, rest, (uint)(ranges.Length - told));
                if (result <= 0)
                    return result < 0 ? result : -Errno.EIO;
                told += result;
            }
        }

        attachment.SetRanges(ranges);
        return 0;
    }
}
