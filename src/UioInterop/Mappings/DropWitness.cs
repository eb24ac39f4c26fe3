namespace UioInterop;

/// <summary>
/// Notices that the collector took a mapping that nobody had disposed: the mapping refers to it, and to nothing else that
/// the collector would tell us about. It ends nothing, because the device may be using the buffer.
/// </summary>
/// <remarks>Objects with a finalizer are dear to make, so a device uses them again and again.</remarks>
internal sealed class DropWitness
{
    private Attachment? _watched;

    public void Watch(Attachment? attachment) => _watched = attachment;

    ~DropWitness() => _watched?.Owner.OnDropped(_watched);
}
