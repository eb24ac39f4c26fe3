using System.Diagnostics;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>
/// A file of the test core is released while the core writes into a buffer that the file had imported: what the kernel does,
/// with a core that stops, stops slowly, or does not. The core is looked at through another file.
/// </summary>
[Category(Needs.Logic), Category(Needs.Handles)]
internal sealed class CoreReleaseTests
{
    // All there is to a copy that is not over yet: it would take this long, and no test waits for it.
    private static readonly TimeSpan s_long = Bound.Long;

    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(200);

    private const int Length = 64 << 10;
    private TestCore _core = null!;

    private static long Quarantined => ImportAttribute.UnderTest("quarantined").Value;

    private static int Attachments => DmaBufTable.AttachmentsOf(UnderTest.Name);

    [SetUp]
    public void OpenCore() => _core = TestCore.Open();

    [TearDown]
    public void CloseCore()
    {
        _core.Behave();
        using (var buffer = DmaHeap.Cma.Allocate(Length)) // asks for what is kept once more
        using (_core.Device.Import(buffer, DmaDirection.FromDevice))
            Assert.That(Quarantined, Is.Zero);
        _core.Dispose();
        Assert.That(Attachments, Is.Zero);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_release_in_the_middle_of_a_copy_stops_the_core_before_the_buffer_goes(bool byDeath)
    {
        ReleaseInTheMiddle(s_patience, byDeath);

        var written = _core.Written;
        Assert.That((_core.IsBusy, Quarantined, Attachments), Is.EqualTo((false, 0, 0)));
        TestCore.LetTimePass();
        Assert.That(_core.Written, Is.EqualTo(written), "it writes no more");
    }

    // Without this one the test above proves nothing.
    [Test]
    public void Without_a_program_the_core_writes_on_when_the_buffer_is_gone()
    {
        ReleaseInTheMiddle(patience: null);

        var written = _core.Written;
        Assert.That((_core.IsBusy, Attachments), Is.EqualTo((true, 0)));
        Assert.That(() => _core.Written, Is.GreaterThan(written).After(Bound.LongMilliseconds, 5));
    }

    [Test]
    public void A_stop_that_takes_long_is_waited_for()
    {
        var slow = TimeSpan.FromMilliseconds(100);
        _core.StopTime = slow;
        var before = Stopwatch.GetTimestamp();

        ReleaseInTheMiddle(s_patience);

        Assert.That(Stopwatch.GetElapsedTime(before), Is.GreaterThanOrEqualTo(slow));
        Assert.That((_core.IsBusy, Quarantined, Attachments), Is.EqualTo((false, 0, 0)));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_core_that_ignores_the_stop_keeps_its_buffer_until_it_is_at_rest(bool byDeath)
    {
        _core.StopTime = null;

        ReleaseInTheMiddle(TimeSpan.FromMilliseconds(5), byDeath);

        Assert.That((_core.IsBusy, Quarantined, Attachments), Is.EqualTo((true, 1, 1)));
        using var other = DmaHeap.Cma.Allocate(Length);
        Assert.That(() => _core.Device.Import(other, DmaDirection.FromDevice),
            Throws.InstanceOf<UioException>().With.Property("Errno").EqualTo(LibC.EBUSY));
        var written = _core.Written;
        Assert.That(
            () => _core.Written, Is.GreaterThan(written).After(Bound.LongMilliseconds, 5), "it goes on, into memory that nobody else has");

        // While others have the device open the kernel only looks: who has it stops it.
        _core.Behave();
        Assert.That(() => CanImport(other), Is.True.After(Bound.LongMilliseconds, 50));
        Assert.That((_core.IsBusy, Quarantined, Attachments), Is.EqualTo((false, 0, 0)));
    }

    private bool CanImport(DmaBuf buffer)
    {
        try
        {
            _core.Device.Import(buffer, DmaDirection.FromDevice).Dispose();
            return true;
        }
        catch (UioException error) when (error.Errno == LibC.EBUSY)
        {
            return false;
        }
    }

    /// <param name="patience">How long the kernel polls until the core has stopped; null tells it nothing of how to stop it.</param>
    /// <param name="byDeath">Whether the file is that of a process, which is killed.</param>
    private void ReleaseInTheMiddle(TimeSpan? patience, bool byDeath = false)
    {
        _core.Duration = s_long; // a part of it every 30 ms
        var before = _core.Written;
        using var buffer = DmaHeap.Cma.Allocate(Length);
        if (byDeath)
        {
            ChildProcess.AttachAndBeKilled(buffer, patience, Begin);
            return;
        }

        using var handle = buffer.DuplicateHandle();
        using var file = RawUio.Open(UnderTest.DevicePath);
        Begin(TestCore.Attach(file, handle, patience));

        void Begin(DeviceAddress address)
        {
            _core.Fill(address, Length, with: 0x5a);
            Assert.That(() => _core.Written, Is.GreaterThan(before).After(Bound.LongMilliseconds, 1), "it has begun");
            Assert.That(_core.IsBusy, Is.True, "and is not done");
        }
    }
}
