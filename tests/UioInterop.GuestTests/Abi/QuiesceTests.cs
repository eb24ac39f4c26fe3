using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>Programs that stop a device when its file is released, and what becomes of buffers when they fail.</summary>
[Category(Needs.Edu), Category(Needs.Handles)]
internal sealed class QuiesceTests : AbiTest
{
    // edu's liveness check: reads as the inverse of what was written (QEMU, docs/specs/edu.rst).
    private static readonly Register<uint> s_liveness = new(0x04, "liveness check");

    // Five programs of a second each, one after another, take five at least.
    private static readonly TimeSpan s_lessThanFive = TimeSpan.FromSeconds(4.5);

    private const uint Awaited = 0x12345678;

    private static long Quarantined => ImportAttribute.UnderTest("quarantined").Value;

    private static RawQuiesceOp Poll(uint value, uint microseconds = 1000) => new()
    {
        Kind = RawQuiesceOp.Poll, Width = 32, Register = (ulong)s_liveness.Offset, Mask = uint.MaxValue, Value = value,
            TimeoutMicroseconds = microseconds,
    };

    /// <summary>The end of a program that waits for nothing.</summary>
    private static RawQuiesceOp Done => Poll(0) with { Mask = 0 };

    private static RawQuiesceOp Write(uint value) =>
        new() { Kind = RawQuiesceOp.Write, Width = 32, Register = (ulong)s_liveness.Offset, Value = value };

    [Test]
    public void A_program_runs_when_a_file_with_mappings_is_released_and_not_without_any()
    {
        using var device = UnderTest.OpenShared();
        var registers = device.Registers;
        registers.Write(s_liveness, ~1u);
        using var buffer = Buffer();

        using (var file = RawUio.Open(UnderTest.DevicePath))
            Assert.That(RawHandles.SetQuiesce(file, Write(~2u), Done), Is.Zero);
        Assert.That(registers.Read(s_liveness), Is.EqualTo(1), "no mapping, no program");

        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            Assert.That(RawHandles.SetQuiesce(file, Write(~3u), Done), Is.Zero);
            Assert.That(RawHandles.SetQuiesce(file, Write(~4u), Poll(4)), Is.Zero, "in place of the first");
            RawHandles.Attached(file, buffer);
        }
        Assert.That(registers.Read(s_liveness), Is.EqualTo(4));
        Assert.That((Quarantined, Attachments), Is.EqualTo((0, 0)));

        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            Assert.That(RawHandles.SetQuiesce(file, Write(~5u), Done), Is.Zero);
            Assert.That(RawHandles.SetQuiesce(file), Is.Zero, "taken away");
            RawHandles.Attached(file, buffer);
        }
        Assert.That(registers.Read(s_liveness), Is.EqualTo(4));
    }

    [Test]
    public void A_modification_changes_the_bits_of_its_mask()
    {
        using var device = UnderTest.OpenShared();
        var registers = device.Registers;
        registers.Write(s_liveness, ~0x11223344u); // reads as 0x11223344
        using var buffer = Buffer();

        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            Assert.That(RawHandles.SetQuiesce(file, new RawQuiesceOp
            {
                Kind = RawQuiesceOp.Modify, Width = 32, Register = (ulong)s_liveness.Offset, Mask = 0xff00, Value = 0x5500,
            }, Done), Is.Zero);
            RawHandles.Attached(file, buffer);
        }

        Assert.That(registers.Read(s_liveness), Is.EqualTo(~0x11225544u));
    }

    [Test]
    public void A_device_that_does_not_stop_keeps_its_buffers_until_it_does()
    {
        using var device = UnderTest.OpenShared();
        var registers = device.Registers;
        using var buffer = Buffer();
        using var other = Buffer();

        ReleaseWithoutStopping(buffer);

        Assert.That((Quarantined, Attachments), Is.EqualTo((1, 1)));
        Assert.That(ImportAttribute.UnderTest("mappings").Value, Is.EqualTo(1), "it counts against the limit");
        Assert.That(RawHandles.Attach(Uio, other), Is.EqualTo(-LibC.EBUSY));
        Assert.That(RawUio.Map(Uio, other), Is.EqualTo(-LibC.EBUSY), "by the boards' ioctl");

        registers.Write(s_liveness, ~Awaited);
        Assert.That(RawHandles.Attach(Uio, other), Is.Zero, "which asks the device once more");
        Assert.That((Quarantined, Attachments), Is.EqualTo((0, 1)));
    }

    [Test]
    public void A_poll_can_be_for_any_other_value()
    {
        using var device = UnderTest.OpenShared();
        var registers = device.Registers;
        registers.Write(s_liveness, ~Awaited);
        using var buffer = Buffer();

        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            Assert.That(RawHandles.SetQuiesce(file, Poll(Awaited) with { Flags = RawQuiesceOp.Differ }), Is.Zero);
            RawHandles.Attached(file, buffer);
        }
        Assert.That(Quarantined, Is.EqualTo(1), "it has that value");

        registers.Write(s_liveness, ~(Awaited + 1));
        Assert.That(() => Quarantined, Is.Zero.After(Bound.LongMilliseconds, 50));
    }

    // Of the lower half another value can be had later: what waits for 32 ones is quiet never.
    private static RawQuiesceOp PollLowerHalf { get; } = Poll(0xffff) with { Mask = 0xffff };

    public static IEnumerable<TestCaseData> Programs => new (string Name, RawQuiesceOp Op)[]
    {
        ("a poll for ones", PollLowerHalf),
        ("a poll for anything else", Poll(Awaited) with { Flags = RawQuiesceOp.Differ }),
        ("a modification", new RawQuiesceOp { Kind = RawQuiesceOp.Modify, Width = 32, Register = (ulong)s_liveness.Offset, Mask = 1 }),
    }.Select(program => new TestCaseData(program.Op).SetName($"All ones: {program.Name}"));

    [TestCaseSource(nameof(Programs))]
    public void A_device_that_reads_as_all_ones_is_gone_and_not_quiet(object op)
    {
        using var device = UnderTest.OpenShared();
        var registers = device.Registers;
        using var buffer = Buffer();
        registers.Write(s_liveness, 0);

        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            Assert.That(RawHandles.SetQuiesce(file, (RawQuiesceOp)op, PollLowerHalf with { Mask = 1, Value = 1 }), Is.Zero);
            RawHandles.Attached(file, buffer);
        }
        Assert.That((Quarantined, Attachments), Is.EqualTo((1, 1)));
        Assert.That(registers.Read(s_liveness), Is.EqualTo(uint.MaxValue), "nothing was written");

        registers.Write(s_liveness, ~0x1234ffffu);
        Assert.That(RawHandles.Attach(Uio, buffer), Is.Zero, "which asks the device once more");
        Assert.That((Quarantined, Attachments), Is.EqualTo((0, 1)));
    }

    [Test]
    public void The_kernel_looks_again_by_itself()
    {
        using var device = UnderTest.OpenShared();
        var registers = device.Registers;
        using var buffer = Buffer();
        ReleaseWithoutStopping(buffer);

        registers.Write(s_liveness, ~Awaited);

        Assert.That(() => Quarantined, Is.Zero.After(Bound.LongMilliseconds, 50), "the kernel tries once a second, then less often");
        Assert.That(Attachments, Is.Zero);
    }

    // Behind an IOMMU the end of a mapping ends the device's access, stopped or not.
    [Test, Category(Needs.Iommu)]
    public void The_end_of_the_device_is_the_end_of_its_quarantine()
    {
        using var buffer = Buffer();
        ReleaseWithoutStopping(buffer);
        Assert.That(Attachments, Is.EqualTo(1));

        UnderTest.Unbind();

        Assert.That(Attachments, Is.Zero);
        UnderTest.Bind();
        Assert.That(Quarantined, Is.Zero);
    }

    // One of them alone may take a second; nobody waits for all of them one after another.
    [Test, Category(Needs.Iommu)]
    public void Unbinding_waits_for_all_programs_together_no_longer_than_for_one()
    {
        using (var device = UnderTest.OpenShared())
            device.Registers.Write(s_liveness, ~1u);
        var files = FilesThatWait(5);

        var watch = Stopwatch.StartNew();
        UnderTest.Unbind();

        Assert.That(watch.Elapsed, Is.InRange(TimeSpan.FromSeconds(0.9), s_lessThanFive));
        Assert.That(Attachments, Is.Zero);
        files.ForEach(file => file.Dispose());
    }

    // As when a process is killed that has many.
    [Test]
    public void Releasing_many_files_takes_no_longer_than_releasing_one()
    {
        using var device = UnderTest.OpenShared();
        var registers = device.Registers;
        registers.Write(s_liveness, ~1u);
        var files = FilesThatWait(5);

        var watch = Stopwatch.StartNew();
        files.ForEach(file => file.Dispose());

        Assert.That(watch.Elapsed, Is.InRange(TimeSpan.FromSeconds(0.9), s_lessThanFive));
        Assert.That((Quarantined, Attachments), Is.EqualTo((5, 5)));
        registers.Write(s_liveness, ~Awaited);
        Assert.That(() => Quarantined, Is.Zero.After(Bound.LongMilliseconds, 50));
    }

    /// <summary>Files with a buffer each, and programs that wait for what does not come by itself.</summary>
    private static List<SafeFileHandle> FilesThatWait(int count) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        using var buffer = Buffer();
        var file = RawUio.Open(UnderTest.DevicePath);
        Assert.That(RawHandles.SetQuiesce(file, Poll(Awaited, 900_000)), Is.Zero);
        RawHandles.Attached(file, buffer);
        return file;
    })];

    // Nobody starts the device between its stop and the end of its mappings.
    [Test, Category(Needs.Direct)]
    public void When_the_device_goes_user_space_has_lost_its_registers_before_the_program_runs([Range(1, 3)] int _)
    {
        using var buffer = Buffer();
        using var device = UnderTest.OpenShared();
        var registers = device.Registers;
        using var file = RawUio.Open(UnderTest.DevicePath);
        Assert.That(RawHandles.SetQuiesce(file, Write(~Awaited), Poll(Awaited, 10_000)), Is.Zero);
        RawHandles.Attached(file, buffer);
        var end = false;
        var busy = new Thread(() =>
        {
            while (!Volatile.Read(ref end))
                registers.Write(s_liveness, 0);
        });
        busy.Start();

        UnderTest.Unbind(); // a device that had not stopped would be in the kernel log

        Volatile.Write(ref end, true);
        busy.Join();
        Assert.That(Attachments, Is.Zero);
    }

    public static IEnumerable<TestCaseData> Wrong
    {
        get
        {
            var poll = Poll(0);
            return new (string Name, int Errno, RawQuiesceOp Op)[]
            {
                ("kind 0", LibCErrno.EINVAL, poll with { Kind = 0 }),
                ("kind 4", LibCErrno.EINVAL, poll with { Kind = 4 }),
                ("an unknown flag", LibCErrno.EINVAL, poll with { Flags = 4 }),
                ("a write that differs", LibCErrno.EINVAL, Write(0) with { Flags = RawQuiesceOp.Differ }),
                ("reserved not zero", LibCErrno.EINVAL, poll with { Reserved = 1 }),
                ("24 bits", LibCErrno.EINVAL, poll with { Width = 24, Mask = 0 }),
                ("no width", LibCErrno.EINVAL, poll with { Width = 0 }),
                ("a map that is not there", LibCErrno.EINVAL, poll with { Map = 4 }),
                ("a map that nobody has", LibCErrno.EINVAL, poll with { Map = uint.MaxValue }),
                ("behind the map", LibCErrno.EINVAL, poll with { Register = 1 << 20 }),
                ("at the end of all numbers", LibCErrno.EINVAL, poll with { Register = ulong.MaxValue - 3 }),
                ("unaligned", LibCErrno.EINVAL, poll with { Register = 6 }),
                ("a mask too wide", LibCErrno.EINVAL, poll with { Mask = 1ul << 32 }),
                ("a value too wide", LibCErrno.EINVAL, Write(0) with { Value = 1ul << 32 }),
                ("a write with a mask", LibCErrno.EINVAL, Write(0) with { Mask = 1 }),
                ("a value that never comes", LibCErrno.EINVAL, poll with { Mask = 1, Value = 2 }),
                ("a write with a timeout", LibCErrno.EINVAL, Write(0) with { TimeoutMicroseconds = 1 }),
                ("a modification beyond its mask", LibCErrno.EINVAL, poll with
                    { Kind = RawQuiesceOp.Modify, Mask = 1, Value = 2, TimeoutMicroseconds = 0 }),
                ("more than a second", LibCErrno.E2BIG, Poll(0, 1_000_001)),
            }.Select(wrong => new TestCaseData(wrong.Errno, wrong.Op).SetName($"Refused: {wrong.Name}"));
        }
    }

    [TestCaseSource(nameof(Wrong))]
    public void Is_refused(int errno, object op) =>
        Assert.That(RawHandles.SetQuiesce(Uio, (RawQuiesceOp)op, Done), Is.EqualTo(-errno));

    // A write may be on its way still when the program is over.
    [Test]
    public void A_program_that_does_not_end_in_a_poll_is_refused()
    {
        Assert.That(RawHandles.SetQuiesce(Uio, Write(0)), Is.EqualTo(-LibC.EINVAL));
        Assert.That(RawHandles.SetQuiesce(Uio, Poll(0), Write(0)), Is.EqualTo(-LibC.EINVAL));
        Assert.That(RawHandles.SetQuiesce(Uio, Write(0), Poll(0)), Is.Zero);
    }

    // Whoever has the device open may have started it for himself.
    [Test]
    public void A_dead_process_writes_no_register_while_others_have_the_device_open()
    {
        using var device = UnderTest.OpenShared();
        var registers = device.Registers;
        using var buffer = Buffer();
        using var other = Buffer();
        registers.Write(s_gate, 0);
        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            Assert.That(RawHandles.SetQuiesce(file, Write(~5u), PollGate()), Is.Zero);
            RawHandles.Attached(file, buffer);
        }
        Assert.That((registers.Read(s_liveness), Quarantined), Is.EqualTo((5u, 1L)), "it ran once");

        registers.Write(s_liveness, ~7u);
        Assert.That(RawHandles.Attach(Uio, other), Is.EqualTo(-LibC.EBUSY));
        Assert.That(registers.Read(s_liveness), Is.EqualTo(7), "to attach writes nothing");

        registers.Write(s_gate, 1);
        Assert.That(() => Quarantined, Is.Zero.After(70_000, 50));
        Assert.That(registers.Read(s_liveness), Is.EqualTo(7), "nor do the tries of the kernel");
    }

    // Of two that are not, each would undo what the other has written. On a busy host the gate may open too late for that to be
    // seen; then it is done again.
    [Test]
    public void Programs_of_one_device_run_one_after_another()
    {
        const int Attempts = 20;
        Uio.Dispose(); // the kernel runs no program again while somebody has the device open

        Assert.That(Enumerable.Range(0, Attempts).Any(_ => AreReleasedTogether()), Is.True, "the gate opened in time");
    }

    private static bool AreReleasedTogether()
    {
        var limit = TimeSpan.FromMilliseconds(900);
        using (var device = UnderTest.OpenShared())
        {
            var registers = device.Registers;
            registers.Write(s_gate, 0);
            var start = Stopwatch.GetTimestamp();
            var closing = Enumerable.Range(1, 2).Select(number => (uint)number).Select(number =>
            {
                using var buffer = Buffer();
                var file = RawUio.Open(UnderTest.DevicePath);
                Assert.That(RawHandles.SetQuiesce(file, Write(~number), PollGate((uint)limit.TotalMicroseconds), Poll(number)), Is.Zero);
                RawHandles.Attached(file, buffer);
                return new ClosingThread(file);
            }).ToList();

            Assert.That(() => closing.All(thread => thread.HasWaited), Is.True.After(Bound.LongMilliseconds, 1));
            registers.Write(s_gate, 1);
            closing.ForEach(thread => thread.Join());
            if (Stopwatch.GetElapsedTime(start) < limit)
            {
                Assert.That(Quarantined, Is.Zero);
                return true;
            }
        }

        Assert.That(() => Quarantined, Is.Zero.After(70_000, 50));
        return false;
    }

    // edu's "DMA source address", which keeps what it is given.
    private static readonly Register<ulong> s_gate = new(0x80, "DMA source address");

    private static RawQuiesceOp PollGate(uint microseconds = 1000) =>
        Poll(1, microseconds) with { Register = (ulong)s_gate.Offset };

    /// <summary>Closes a file, which may take a while.</summary>
    private sealed class ClosingThread
    {
        private readonly Thread _thread;
        private string? _status;
        private bool _hasWaited;

        public ClosingThread(SafeFileHandle file)
        {
            _thread = new Thread(() =>
            {
                Volatile.Write(ref _status, $"/proc/{File.ResolveLinkTarget("/proc/thread-self", returnFinalTarget: false)!.Name}");
                file.Dispose();
            });
            _thread.Start();
        }

        /// <summary>Whether it was seen asleep in the kernel, where nothing wakes it: proc(5), state D.</summary>
        public bool HasWaited => _hasWaited |= Volatile.Read(ref _status) is { } task && State(Path.GetFileName(task)) == 'D';

        public void Join() => Assert.That(_thread.Join(Bound.Long), Is.True);

        private static char State(string thread)
        {
            var stat = File.ReadAllText($"/proc/self/task/{thread}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
    }

    [Test]
    public void All_polls_together_take_a_second_at_most()
    {
        Assert.That(RawHandles.SetQuiesce(Uio, Poll(0, 500_000), Poll(0, 500_000)), Is.Zero);
        Assert.That(RawHandles.SetQuiesce(Uio, Poll(0, 600_000), Poll(0, 600_000)), Is.EqualTo(-LibC.E2BIG));
        Assert.That(RawHandles.SetQuiesce(Uio, Poll(0, uint.MaxValue), Poll(0, 1)), Is.EqualTo(-LibC.E2BIG), "beyond 32 bits");
    }

    [Test]
    public void Longer_operations_are_taken_when_the_rest_is_zero_and_refused_when_it_is_not()
    {
        const int Length = OpLength + 8;
        using var device = UnderTest.OpenShared();
        using var buffer = Buffer();
        var ops = LaidOut(Length, Write(~6u), Poll(6));

        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            Assert.That(RawHandles.SetQuiesce(file, ops, 2, Length), Is.Zero);
            RawHandles.Attached(file, buffer);
        }
        Assert.That((device.Registers.Read(s_liveness), Quarantined), Is.EqualTo((6, 0)), "both were found");

        ops[^1] = 1;
        Assert.That(RawHandles.SetQuiesce(Uio, ops, 2, Length), Is.EqualTo(-LibC.E2BIG));
    }

    [TestCase(OpLength - 1, LibCErrno.EINVAL)]
    [TestCase(OpLength, 0)]
    [TestCase(4096, 0)]
    [TestCase(4097, LibCErrno.E2BIG)]
    public void Operations_have_the_size_that_this_kernel_knows_at_least_and_a_page_at_most(int size, int errno) =>
        Assert.That(RawHandles.SetQuiesce(Uio, LaidOut(size, Done), 1, size), Is.EqualTo(-errno));

    [Test]
    public void Too_many_operations_are_refused_and_as_many_as_the_kernel_says_are_not()
    {
        Assert.That(RawHandles.SetQuiesce(Uio, [.. Enumerable.Repeat(Done, 16)]), Is.Zero);
        Assert.That(RawHandles.SetQuiesce(Uio, [.. Enumerable.Repeat(Done, 17)]), Is.EqualTo(-LibC.E2BIG));
    }

    [Test]
    public void A_file_for_reading_only_stops_nothing()
    {
        using var readOnly = RawUio.Open(UnderTest.DevicePath, writable: false);
        Assert.That(RawHandles.SetQuiesce(readOnly, Done), Is.EqualTo(-LibC.EACCES));
    }

    private const int OpLength = 48;

    /// <summary>Operations of any size, as a program of another version has them.</summary>
    private static byte[] LaidOut(int size, params ReadOnlySpan<RawQuiesceOp> ops)
    {
        var bytes = new byte[size * ops.Length];
        for (var i = 0; i < ops.Length; i++)
            MemoryMarshal.AsBytes(ops.Slice(i, 1))[..Math.Min(size, OpLength)].CopyTo(bytes.AsSpan(i * size));
        return bytes;
    }

    private static void ReleaseWithoutStopping(SafeFileHandle buffer)
    {
        using (var device = UnderTest.OpenShared())
            device.Registers.Write(s_liveness, 0); // reads as all ones, which on PCI is never what was awaited
        using var file = RawUio.Open(UnderTest.DevicePath);
        Assert.That(RawHandles.SetQuiesce(file, Poll(Awaited)), Is.Zero);
        RawHandles.Attached(file, buffer);
    }
}
