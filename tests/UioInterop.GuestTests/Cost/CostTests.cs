using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;
using UioInterop.TestRunner;

namespace UioInterop.GuestTests.Cost;

/// <summary>
/// What the library adds to the system calls it makes, against C that makes the same. On this machine time follows
/// executed instructions, so a quotient of times is one of instructions.
/// </summary>
[Category(Needs.Icount), Category(Needs.Cost)]
internal sealed class CostTests
{
    // What was measured is in the README.
    private const double ImportLimit = 1.15;
    private const double WaitLimit = 1.05;

    private const int Rounds = 200;

    // The just-in-time compiler works in the background, on the same CPU, and code gets quicker in steps: one measures
    // until nothing gets better any more.
    private const int Imports = 400;
    private const int Waits = 50_000;

    private UioDevice _device = null!;

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        _device = UnderTest.OpenShared();
    }

    [TearDown]
    public void Close() => _device.Dispose();

    [Test]
    public void Import_and_release()
    {
        using var buffer = DmaHeap.System.Allocate(4096);
        using var handle = buffer.DuplicateHandle();
        using var file = RawUio.Open(_device.Info.DevicePath);

        var native = Best(() => NativeCost.Import(file, handle, Rounds), Imports);
        var managed = Best(() =>
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Rounds; i++)
                _device.Import(buffer, DmaDirection.ToDevice).Dispose();
            return Nanoseconds(start);
        }, Imports);

        Announcements.Say($"import + release: C {native / (1000.0 * Rounds):F2} us, library {managed / (1000.0 * Rounds):F2} us");
        Assert.That((double)managed / native, Is.LessThan(ImportLimit));
    }

    [Test]
    public unsafe void A_wait_for_an_interrupt()
    {
        var interrupt = new EduInterrupt(_device);
        using var file = RawUio.Open(_device.Info.DevicePath);
        using var wake = new SafeFileHandle(LibC.eventfd(0, LibC.EFD_CLOEXEC), ownsHandle: true);
        var timeout = TimeSpan.FromSeconds(1);

        // Raised as C does it: what a register access costs is another question.
        using var registers = new BareRegisters(file);
        var raise = registers.At(EduInterrupt.RaiseOffset);
        var native = Best(() => Rearmed(() => NativeCost.Wait(file, wake)), Waits) - Best(NativeCost.Clock, Waits);
        _device.TryWaitForInterrupt(TimeSpan.Zero, out _);
        var managed = Best(() => Rearmed(() =>
        {
            var start = Stopwatch.GetTimestamp();
            Volatile.Write(ref *raise, 1);
            return _device.TryWaitForInterrupt(timeout, out _) ? Nanoseconds(start) : -1;
        }), Waits) - Best(() => Nanoseconds(Stopwatch.GetTimestamp()), Waits);

        Announcements.Say($"wait: C {native / 1000.0:F2} us, library {managed / 1000.0:F2} us");
        Assert.That((double)managed / native, Is.LessThan(WaitLimit));

        long Rearmed(Func<long> wait)
        {
            var time = wait();
            interrupt.Acknowledge();
            _device.EnableInterrupt();
            return time;
        }
    }

    private static long Best(Func<long> measure, int unchanged)
    {
        var best = long.MaxValue;
        for (var since = 0; since < unchanged; since++)
        {
            var time = measure();
            Assert.That(time, Is.Positive);
            if (time >= best)
                continue;
            best = time;
            since = 0;
        }
        return best;
    }

    // A TimeSpan would round to 100 ns.
    private static long Nanoseconds(long start) => (long)((Stopwatch.GetTimestamp() - start) * (1e9 / Stopwatch.Frequency));
}
