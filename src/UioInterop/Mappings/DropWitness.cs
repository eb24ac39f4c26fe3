namespace UioInterop;

/// <summary>
/// Notices when the collector takes a mapping that was not disposed. Only the mapping refers to it, so their finalization
/// coincides. It does not end the mapping: the device may be using the buffer.
/// </summary>
/// <remarks>Objects with a finalizer are expensive to make, so a device reuses them.</remarks>
internal sealed class DropWitness
{
    private Attachment? _watched;

    public void Watch(Attachment? attachment) => _watched = attachment;

    ~DropWitness() => _watched?.Owner.OnDropped(_watched);
}
