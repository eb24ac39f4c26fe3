using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Tracing;

namespace UioInterop;

/// <summary>
/// What the library does, for <c>dotnet-trace</c> and EventListeners: provider <c>UioInterop</c>. Costs nothing while
/// nobody listens.
/// </summary>
/// <remarks>Events carry the device's node, and never the content of a buffer. Addresses are for the device.</remarks>
[EventSource(Name = ProviderName)]
internal sealed class UioEventSource : EventSource
{
    public const string ProviderName = "UioInterop";

    public static readonly UioEventSource Log = new();

    private UioEventSource() { }

    [NonEvent]
    public void Imported(IMappingFacts mapping)
    {
        if (IsEnabled())
            Imported(mapping.DevicePath, mapping.Exporter, mapping.Direction, mapping.Address, mapping.Length);
    }

    [NonEvent]
    public void Detached(IMappingFacts mapping)
    {
        if (IsEnabled())
            Detached(mapping.DevicePath, mapping.Exporter, mapping.Direction, mapping.Address, mapping.Length);
    }

    [NonEvent]
    public void MappingDropped(IMappingFacts mapping)
    {
        if (IsEnabled())
            MappingDropped(mapping.DevicePath, mapping.Exporter, mapping.Direction, mapping.Address, mapping.Length);
    }

    [Event(1, Level = EventLevel.Informational, Message = "{0} imported a buffer from {1}, {2}, {4} bytes")]
    private void Imported(string device, string exporter, string direction, ulong address, long length) =>
        Write(1, device, exporter, direction, address, length);

    [Event(2, Level = EventLevel.Informational, Message = "{0} detached a buffer from {1}, {2}, {4} bytes")]
    private void Detached(string device, string exporter, string direction, ulong address, long length) =>
        Write(2, device, exporter, direction, address, length);

    [Event(3, Level = EventLevel.Warning,
        Message = "{0} has a buffer from {1}, {2}, {4} bytes, whose mapping was collected without Dispose")]
    private void MappingDropped(string device, string exporter, string direction, ulong address, long length) =>
        Write(3, device, exporter, direction, address, length);

    [Event(4, Level = EventLevel.Warning, Message = "{0}: {1} interrupts came that no wait returned for")]
    public void InterruptsMissed(string device, uint missed, uint total)
    {
        if (IsEnabled()) // WriteEvent boxes numbers
            Write(4, device, missed, total);
    }

    [Event(5, Level = EventLevel.Error, Message = "{0} could not be brought to rest: {1}")]
    public void QuiesceFailed(string device, string reason) => WriteEvent(5, device, reason);

    [Event(6, Level = EventLevel.Error, Message = "{0}: a mapping that was not needed any more could not be ended: {1}")]
    public void EndingFailed(string device, string reason) => WriteEvent(6, device, reason);

    [NonEvent]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Strings and numbers have no members to keep.")]
    private void Write(int id, params object[] values) => WriteEvent(id, values);
}
