namespace UioInterop;

/// <summary>The ioctls with which a kernel imports buffers. Results are 0 or a negative errno.</summary>
internal abstract class ImportAbi
{
    /// <summary>Names of the calls, for errors.</summary>
    public abstract string AttachCall { get; }

    /// <inheritdoc cref="AttachCall"/>
    public abstract string DetachCall { get; }

    /// <summary>Maps the attachment's buffer, and stores the result in the attachment.</summary>
    public abstract int Attach(int uio, Attachment attachment);

    public abstract int Detach(int uio, Attachment attachment);

    /// <summary>Tells the attachment where the device reaches the buffer.</summary>
    public abstract int ReadRanges(int uio, Attachment attachment);
}
