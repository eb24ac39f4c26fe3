using System.Diagnostics.Tracing;
using System.Reflection;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>What the EventSource "UioInterop" tells, and what it costs when nobody listens.</summary>
[Category(Needs.Edu), Category(Needs.Import)]
internal sealed class EventSourceTests
{
    private static readonly TimeSpan s_timeout = Bound.Long;

    private UioDevice _device = null!;

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        _device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
    }

    [TearDown]
    public void Close() => _device.Dispose();

    [Test]
    public void Events_of_an_import_and_its_end_name_the_buffer_and_the_device()
    {
        using var log = new EventLog();
        using var buffer = DmaHeap.Cma.Allocate(8192);
        var mapping = _device.Import(buffer, DmaDirection.ToDevice);
        object?[] payload = [_device.Info.DevicePath, buffer.Exporter, "ToDevice", mapping.Address.Value, 8192L];
        mapping.Dispose();
        mapping.Dispose();

        AssertHeard(log, ("Imported", EventLevel.Informational, payload), ("Detached", EventLevel.Informational, payload));
    }

    [Test]
    public void The_end_of_a_device_tells_the_end_of_its_mappings()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        var address = _device.Import(buffer, DmaDirection.FromDevice).Address.Value;
        using var log = new EventLog();

        _device.Dispose();

        AssertHeard(log, ("Detached", EventLevel.Informational, [_device.Info.DevicePath, buffer.Exporter, "FromDevice", address, 4096L]));
    }

    [Test]
    public void An_import_that_fails_is_not_told()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var mapping = _device.Import(buffer, DmaDirection.ToDevice);
        using var log = new EventLog();

        Assert.That(() => _device.Import(buffer, DmaDirection.ToDevice), Throws.InstanceOf<UioException>());

        AssertHeard(log);
    }

    [Test]
    public void A_device_that_cannot_be_stopped_is_told_with_the_reason()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        var mapping = _device.Import(buffer, DmaDirection.FromDevice);
        _device.Quiesce = () => throw new TimeoutException("it runs and runs");
        using var log = new EventLog();

        mapping.BeginTransfer(0, 4096).Dispose();

        AssertHeard(log, ("QuiesceFailed", EventLevel.Error, [_device.Info.DevicePath, "it runs and runs"]));
    }

    [Test]
    public void Interrupts_that_no_wait_returned_for_are_told()
    {
        LoseOne(new EduInterrupt(_device));
        using var log = new EventLog();

        Assert.That(_device.TryWaitForInterrupt(s_timeout, out var count), Is.True);

        Assert.That(count.Missed, Is.EqualTo(1));
        AssertHeard(log, ("InterruptsMissed", EventLevel.Warning, [_device.Info.DevicePath, 1u, count.Total]));
    }

    [Test]
    public void Without_a_listener_missed_interrupts_cost_nothing()
    {
        var interrupt = new EduInterrupt(_device);
        var missed = 0u;
        var allocated = long.MaxValue;
        for (var round = 0; round < 2; round++) // the first one warms up
        {
            LoseOne(interrupt);
            var before = GC.GetTotalAllocatedBytes(precise: true);
            _device.TryWaitForInterrupt(s_timeout, out var count);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            missed += count.Missed;
        }

        Assert.That((missed, allocated), Is.EqualTo((2u, 0L)));
    }

    // From the inside, as an import allocates things of its own.
    [TestCase("Imported")]
    [TestCase("Detached")]
    [TestCase("MappingDropped")]
    public void Without_a_listener_an_event_of_a_mapping_costs_nothing(string name)
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var mapping = _device.Import(buffer, DmaDirection.ToDevice);
        var attachment = typeof(DmaMapping).GetField("_attachment", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(mapping)!;
        var source = EventSource.GetSources().Single(each => each.Name == "UioInterop");
        var method = source.GetType().GetMethod(name, [attachment.GetType()])!;
        var write = (Action)s_bind.MakeGenericMethod(attachment.GetType()).Invoke(null, [method, source, attachment])!;

        Assert.That(Allocations.Of(() => Times(1000, write)), Is.Zero);
        using (new EventLog())
            Assert.That(Allocations.Of(() => Times(1000, write)), Is.GreaterThan(100_000), "the test can see the difference");
    }

    private static readonly MethodInfo s_bind = typeof(EventSourceTests).GetMethod(nameof(Bind),
        BindingFlags.NonPublic | BindingFlags.Static)!;

    private static Action Bind<T>(MethodInfo method, object target, T argument)
    {
        var call = method.CreateDelegate<Action<T>>(target);
        return () => call(argument);
    }

    private static void LoseOne(EduInterrupt interrupt)
    {
        interrupt.RaiseAndRearm();
        interrupt.RaiseAndRearm();
    }

    private static void Times(int count, Action action)
    {
        for (var i = 0; i < count; i++)
            action();
    }

    private static void AssertHeard(EventLog log, params (string Name, EventLevel Level, object?[] Payload)[] expected) =>
        Assert.That(log.All.Select(each => (each.EventName!, each.Level, each.Payload!.ToArray())), Is.EqualTo(expected));
}
