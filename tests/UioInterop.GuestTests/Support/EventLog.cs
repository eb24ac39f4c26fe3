using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace UioInterop.GuestTests.Support;

/// <summary>The events of the library's EventSource, from the moment of construction on.</summary>
internal sealed class EventLog : EventListener
{
    private readonly ConcurrentQueue<EventWrittenEventArgs> _events = new();

    public IReadOnlyList<EventWrittenEventArgs> All => [.. _events];

    public IReadOnlyList<EventWrittenEventArgs> Of(string name) => [.. _events.Where(written => written.EventName == name)];

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "UioInterop")
            EnableEvents(eventSource, EventLevel.Verbose);
    }

    // Called while the base class is constructed, too, when there is no queue yet.
    protected override void OnEventWritten(EventWrittenEventArgs eventData) => _events?.Enqueue(eventData);
}
