using System.Diagnostics;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>Registers of QEMU's edu, described in docs/specs/edu.rst of its source.</summary>
[Category(Needs.Edu)]
internal sealed class RegisterTests
{
    private const int Size = 1 << 20;

    private static readonly Register<uint> s_liveness = new(0x04, "liveness: reads as the inverse of what was written");
    private static readonly Register<uint> s_factorial = new(0x08, "factorial");
    private static readonly Register<uint> s_status = new(0x20, "status");
    private static readonly Register<ulong> s_dmaSource = new(0x80, "DMA source");

    // Nothing is there: writes are ignored, and it reads as all ones.
    private static readonly Register<uint> s_hole = new(0x1000, "hole");

    private enum Half : uint { Low = 0x55aa, High = 0x55aa0000 }

    private static readonly TimeSpan s_bound = Bound.Long;

    // Every public access, by a name, its width, and what it does at an offset.
    private static readonly (string Name, int Width, Action<Registers, int> Access)[] s_accesses =
    [
        ("Read<byte>", 1, (r, at) => r.Read(new Register<byte>(at, "r"))),
        ("Read<ushort>", 2, (r, at) => r.Read(new Register<ushort>(at, "r"))),
        ("Read<uint>", 4, (r, at) => r.Read(new Register<uint>(at, "r"))),
        ("Read<ulong>", 8, (r, at) => r.Read(new Register<ulong>(at, "r"))),
        ("Read8", 1, (r, at) => r.Read8(at)),
        ("Read16", 2, (r, at) => r.Read16(at)),
        ("Read32", 4, (r, at) => r.Read32(at)),
        ("Read64", 8, (r, at) => r.Read64(at)),
        ("Write<byte>", 1, (r, at) => r.Write(new Register<byte>(at, "r"), 0)),
        ("Write<ushort>", 2, (r, at) => r.Write(new Register<ushort>(at, "r"), 0)),
        ("Write<uint>", 4, (r, at) => r.Write(new Register<uint>(at, "r"), 0)),
        ("Write<ulong>", 8, (r, at) => r.Write(new Register<ulong>(at, "r"), 0)),
        ("Write8", 1, (r, at) => r.Write8(at, 0)),
        ("Write16", 2, (r, at) => r.Write16(at, 0)),
        ("Write32", 4, (r, at) => r.Write32(at, 0)),
        ("Write64", 8, (r, at) => r.Write64(at, 0)),
        ("WriteRelaxed<byte>", 1, (r, at) => r.WriteRelaxed(new Register<byte>(at, "r"), 0)),
        ("WriteRelaxed<ushort>", 2, (r, at) => r.WriteRelaxed(new Register<ushort>(at, "r"), 0)),
        ("WriteRelaxed<uint>", 4, (r, at) => r.WriteRelaxed(new Register<uint>(at, "r"), 0)),
        ("WriteRelaxed<ulong>", 8, (r, at) => r.WriteRelaxed(new Register<ulong>(at, "r"), 0)),
        ("Modify<byte>", 1, (r, at) => r.Modify(new Register<byte>(at, "r"), 0, 0)),
        ("Modify<short>", 2, (r, at) => r.Modify(new Register<short>(at, "r"), 0, 0)),
        ("SetBits<int>", 4, (r, at) => r.SetBits(new Register<int>(at, "r"), 0)),
        ("ClearBits<long>", 8, (r, at) => r.ClearBits(new Register<long>(at, "r"), 0)),
        ("Read<sbyte>", 1, (r, at) => r.Read(new Register<sbyte>(at, "r"))),
        ("Read<short>", 2, (r, at) => r.Read(new Register<short>(at, "r"))),
        ("Write<Half>", 4, (r, at) => r.Write(new Register<Half>(at, "r"), default(Half))),
        ("this[]", 4, (r, at) => _ = r[at]),
        ("this[] = ", 4, (r, at) => r[at] = 0),
        ("WaitFor<byte>", 1, (r, at) => r.WaitFor(new Register<byte>(at, "r"), 0, 0, TimeSpan.Zero)),
        ("WaitFor<ushort>", 2, (r, at) => r.WaitFor(new Register<ushort>(at, "r"), 0, 0, TimeSpan.Zero)),
        ("WaitFor<uint>", 4, (r, at) => r.WaitFor(new Register<uint>(at, "r"), 0, 0, TimeSpan.Zero)),
        ("WaitFor<ulong>", 8, (r, at) => r.WaitFor(new Register<ulong>(at, "r"), 0, 0, TimeSpan.Zero)),
    ];

    private UioDevice _device = null!;
    private Registers _registers = null!;

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        _device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
        _registers = _device.Registers;
    }

    [TearDown]
    public void Close() => _device.Dispose();

    [Test]
    public void Every_way_to_write_32_bits_arrives()
    {
        (string Name, Action<uint> Write)[] ways =
        [
            ("Write", value => _registers.Write(s_liveness, value)),
            ("Write32", value => _registers.Write32(s_liveness.Offset, value)),
            ("WriteRelaxed", value => _registers.WriteRelaxed(s_liveness, value)),
            ];
        var value = 0x81828384u;
        foreach (var (name, write) in ways)
        {
            write(++value);
            Assert.That(_registers.Read(s_liveness), Is.EqualTo(~value), name);
            Assert.That(_registers.Read32(s_liveness.Offset), Is.EqualTo(~value), name);
        }
    }

    [Test]
    public void Every_way_to_write_64_bits_arrives()
    {
        (string Name, Action<ulong> Write)[] ways =
        [
            ("Write", value => _registers.Write(s_dmaSource, value)),
            ("Write64", value => _registers.Write64(s_dmaSource.Offset, value)),
            ("WriteRelaxed", value => _registers.WriteRelaxed(s_dmaSource, value)),
            ];
        var value = 0x8182838485868788ul;
        foreach (var (name, write) in ways)
        {
            write(++value);
            Assert.That(_registers.Read(s_dmaSource), Is.EqualTo(value), name);
            Assert.That(_registers.Read64(s_dmaSource.Offset), Is.EqualTo(value), name);
        }
    }

    [Test]
    public void A_register_has_a_sign_or_names()
    {
        _registers.Write(s_liveness, ~0x80000001u);
        var signed = new Register<int>(s_liveness.Offset);
        var halves = new Register<Half>(s_liveness.Offset);

        Assert.That(_registers.Read(signed), Is.EqualTo(int.MinValue + 1));
        _registers.Write(halves, ~Half.High);
        Assert.That(_registers.Read(halves), Is.EqualTo(Half.High));
        _registers.Write(signed, -2);
        Assert.That(_registers[s_liveness.Offset], Is.EqualTo(1));
        Assert.That(_registers.WaitFor(signed, -1, 1, TimeSpan.Zero), Is.True);
    }

    [Test]
    public void A_negative_value_of_64_bits_arrives()
    {
        _registers.Write(new Register<long>(s_dmaSource.Offset), -2);

        Assert.That(_registers.Read(s_dmaSource), Is.EqualTo(ulong.MaxValue - 1));
        Assert.That(_registers.WaitFor(new Register<long>(s_dmaSource.Offset), -1, -2, TimeSpan.Zero), Is.True);
    }

    // edu's DMA source keeps what is written.
    [Test]
    public void Modify_changes_the_bits_of_the_mask()
    {
        _registers.Write(s_dmaSource, 0x1122334455667788);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(_registers.Modify(s_dmaSource, 0xff00, 0xab00), Is.EqualTo(0x112233445566ab88));
            Assert.That(_registers.Read(s_dmaSource), Is.EqualTo(0x112233445566ab88));
            Assert.That(_registers.SetBits(s_dmaSource, 0x7), Is.EqualTo(0x112233445566ab8f));
            Assert.That(_registers.ClearBits(s_dmaSource, 0xff), Is.EqualTo(0x112233445566ab00));
            Assert.That(_registers.Read(s_dmaSource), Is.EqualTo(0x112233445566ab00));
            Assert.That(() => _registers.Modify(s_dmaSource, 1, 2), Throws.ArgumentException);
        }
    }

    [Test]
    public void Two_threads_that_modify_lose_nothing()
    {
        _registers.Write(s_dmaSource, 0);
        var slice = _registers.Slice(s_dmaSource.Offset);
        var threads = Enumerable.Range(0, 64).Select(bit => new Thread(() =>
            (bit % 2 == 0 ? _registers : slice).SetBits(new Register<ulong>(bit % 2 == 0 ? s_dmaSource.Offset : 0), 1ul << bit))).ToArray();

        Array.ForEach(threads, thread => thread.Start());
        Assert.That(threads.All(thread => thread.Join(s_bound)), Is.True);

        Assert.That(_registers.Read(s_dmaSource), Is.EqualTo(ulong.MaxValue));
    }

    [Test]
    public void A_slice_has_offsets_of_its_own()
    {
        var slice = _registers.Slice(0x80, 16);
        slice.Write64(8, 0x1234);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(_registers.Read64(0x88), Is.EqualTo(0x1234));
            Assert.That(slice.Slice(8).Read64(0), Is.EqualTo(0x1234));
            Assert.That(slice.Length, Is.EqualTo(16));
            Assert.That(_registers.Slice(Size).Length, Is.Zero);
            Assert.That(() => slice.Read64(16), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => slice.Read64(-8), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => _registers.Slice(4), Throws.TypeOf<ArgumentException>());
            Assert.That(() => _registers.Slice(Size + 8), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => _registers.Slice(8, Size), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(slice.ToString(), Does.Contain("from 0x80").And.Contains(_device.Info.DevicePath));
        }

        _device.Dispose();
        Assert.That(() => slice.Read64(0), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void A_quiesce_program_takes_registers_of_a_slice()
    {
        var program = new QuiesceProgram().Write(_registers.Slice(0x80), new Register<ulong>(0), 0x4321ul);

        program.Run();

        Assert.That(_registers.Read(s_dmaSource), Is.EqualTo(0x4321));
    }

    [Test]
    public void An_array_of_registers_has_elements_at_equal_distances()
    {
        var pairs = new RegisterArray<ulong>(0x80, count: 2, name: "DMA address");
        var spread = new RegisterArray<uint>(0x80, count: 3, stride: 8);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((pairs[0].Offset, pairs[1].Offset, pairs[1].Name), Is.EqualTo((0x80, 0x88, "DMA address")));
            Assert.That((spread[2].Offset, spread.Stride), Is.EqualTo((0x90, 8)));
            Assert.That(() => pairs[2], Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => pairs[-1], Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => new RegisterArray<uint>(0, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => new RegisterArray<uint>(0, 2, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => new RegisterArray<uint>(0, 2, 6), Throws.TypeOf<ArgumentException>());
            Assert.That(() => new RegisterArray<uint>(8, int.MaxValue), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    [Test]
    public void A_register_of_another_type_is_refused_when_it_is_made()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => new Register<float>(0), Throws.TypeOf<NotSupportedException>());
            Assert.That(() => new Register<bool>(0), Throws.TypeOf<NotSupportedException>());
            Assert.That(() => new Register<char>(0), Throws.TypeOf<NotSupportedException>());
            Assert.That(() => new Register<nint>(0), Throws.TypeOf<NotSupportedException>());
            Assert.That(() => new Register<UInt128>(0), Throws.TypeOf<NotSupportedException>());
            Assert.That(() => new Register<(byte, byte)>(0), Throws.TypeOf<NotSupportedException>());
            Assert.That(() => new RegisterArray<Guid>(0, 1), Throws.TypeOf<NotSupportedException>());
        }
    }

    [Test]
    public void A_register_outside_of_the_map_is_refused()
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, width, access) in s_accesses)
                foreach (var offset in new[] { -width, Size - width / 2, int.MaxValue - width + 1 })
                    Assert.That(() => access(_registers, offset), Throws.InstanceOf<ArgumentOutOfRangeException>(), $"{name} at {offset}");
        }
    }

    [Test]
    public void A_register_inside_of_the_map_is_not_refused()
    {
        // edu has 32 and 64 bits; on ARM, an access of another width ends the process.
        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, width, access) in s_accesses.Where(each => each.Width >= 4))
                Assert.That(() => access(_registers, Size - width), Throws.Nothing, name);
        }
    }

    [Test]
    public void A_register_across_a_multiple_of_its_width_is_refused()
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, width, access) in s_accesses.Where(each => each.Width > 1))
                foreach (var shift in new[] { 1, width / 2 })
                    Assert.That(() => access(_registers, s_hole.Offset + shift), Throws.TypeOf<ArgumentException>(), $"{name} + {shift}");
        }
    }

    [Test]
    public void After_Dispose_every_access_says_so()
    {
        _device.Dispose();

        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, _, access) in s_accesses)
                Assert.That(() => access(_registers, 0), Throws.InstanceOf<ObjectDisposedException>(), name);
        }
    }

    [Test]
    public void A_message_has_the_register_and_the_map()
    {
        var outside = Assert.Throws<ArgumentOutOfRangeException>(() => _registers.Read(new Register<uint>(Size, "mailbox")))!;
        var across = Assert.Throws<ArgumentException>(() => _registers.Write(new Register<ulong>(0x1004, "mailbox"), 0))!;
        var never = Assert.Throws<ArgumentException>(() => _registers.WaitFor(s_status, 0x80, 0x81, TimeSpan.Zero))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(outside.Message, Does.Contain("mailbox").And.Contains("0x100000").And.Contains(_registers.Info.ToString()));
            Assert.That(across.Message, Does.Contain("mailbox").And.Contains("multiple of 8"));
            Assert.That(never.Message, Does.Contain("status").And.Contains("0x81").And.Contains("0x80"));
        }
    }

    [Test]
    public void WaitFor_ends_when_the_device_is_done()
    {
        const uint Computing = 1;
        _registers.Write(s_factorial, 12);

        Assert.That(_registers.WaitFor(s_status, Computing, 0, s_bound), Is.True);
        Assert.That(_registers.Read(s_factorial), Is.EqualTo(479001600));
    }

    [Test]
    public void WaitFor_sees_a_change_while_it_waits()
    {
        _registers.Write(s_liveness, 0);
        using var waiting = new ManualResetEventSlim();
        var waiter = Task.Run(() =>
        {
            // Long enough for it to have begun to sleep between reads.
            Assert.That(_registers.WaitFor(s_liveness, 1, 0, TimeSpan.FromMilliseconds(20)), Is.False);
            waiting.Set();
            return _registers.WaitFor(s_liveness, uint.MaxValue, 0x55aa55aa, s_bound);
        });
        Assert.That(waiting.Wait(s_bound), Is.True);

        _registers.Write(s_liveness, ~0x55aa55aau);

        Assert.That(waiter.Wait(s_bound), Is.True);
        Assert.That(waiter.Result, Is.True);
    }

    [TestCase(0xffff0000u, 0x55aa0000u, ExpectedResult = true)]
    [TestCase(0x00000001u, 0x00000000u, ExpectedResult = true)]
    [TestCase(0x00000000u, 0x00000000u, ExpectedResult = true)]
    [TestCase(0xffffffffu, 0x55aa0000u, ExpectedResult = false)]
    [TestCase(0x00000002u, 0x00000000u, ExpectedResult = false)]
    public bool WaitFor_compares_the_bits_of_the_mask(uint mask, uint value)
    {
        _registers.Write(s_liveness, ~0x55aa55aau);

        return _registers.WaitFor(s_liveness, mask, value, TimeSpan.Zero);
    }

    [Test]
    public void WaitFor_compares_all_64_bits()
    {
        _registers.Write(s_dmaSource, 0x8182838485868788);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(_registers.WaitFor(s_dmaSource, ulong.MaxValue, 0x8182838485868788, TimeSpan.Zero), Is.True);
            Assert.That(_registers.WaitFor(s_dmaSource, 0xf000000000000000, 0x8000000000000000, TimeSpan.Zero), Is.True);
            Assert.That(_registers.WaitFor(s_dmaSource, ulong.MaxValue, 0x0182838485868788, TimeSpan.Zero), Is.False);
        }
    }

    [Test]
    public void WaitFor_refuses_a_value_outside_of_the_mask_and_a_negative_timeout()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _registers.WaitFor(new Register<byte>(0, "r"), 1, 2, TimeSpan.Zero), Throws.TypeOf<ArgumentException>());
            Assert.That(() => _registers.WaitFor(new Register<ushort>(0, "r"), 1, 2, TimeSpan.Zero), Throws.TypeOf<ArgumentException>());
            Assert.That(() => _registers.WaitFor(s_liveness, 0x0f, 0x1f, TimeSpan.Zero), Throws.TypeOf<ArgumentException>());
            Assert.That(() => _registers.WaitFor(s_dmaSource, uint.MaxValue, 1ul << 32, TimeSpan.Zero), Throws.TypeOf<ArgumentException>());
            Assert.That(() => _registers.WaitFor(s_liveness, 1, 1, TimeSpan.FromTicks(-2)),
                Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    // The waiter reads for the last time after its time is over: whoever kept it from running does not matter.
    [Test]
    public void WaitFor_reports_no_timeout_for_a_value_that_came_while_the_thread_did_not_run()
    {
        var timeout = TimeSpan.FromMilliseconds(50);
        var (held, came) = (false, false);
        for (var attempt = 0; attempt < 10 && !held; attempt++)
        {
            using var begun = new ManualResetEventSlim();
            var ended = false;
            var waiter = Processor.Run(() =>
            {
                _registers.Write(s_liveness, 0);
                begun.Set();
                came = _registers.WaitFor(s_liveness, 1, 0, timeout);
                Volatile.Write(ref ended, true);
            });
            Assert.That(begun.Wait(s_bound), Is.True);

            Processor.Run(() =>
            {
                held = !Volatile.Read(ref ended);
                var start = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(start) < 2 * timeout)
                {
                    // Nothing that sleeps.
                }
                _registers.Write(s_liveness, 1);
            }, ahead: true).Join();
            Assert.That(waiter.Join(s_bound), Is.True);
        }

        Assert.That(held, Is.True, "the waiter never was in the middle of its wait");
        Assert.That(came, Is.True);
    }

    [Test]
    public void Dispose_ends_WaitFor()
    {
        using var waiting = new ManualResetEventSlim();
        var waiter = Task.Run(() =>
        {
            waiting.Set();
            _registers.WaitFor(s_hole, 1, 0, Timeout.InfiniteTimeSpan);
        });
        Assert.That(waiting.Wait(s_bound), Is.True);

        _device.Dispose();

        var error = Assert.Throws<AggregateException>(() => waiter.Wait(s_bound))!;
        Assert.That(error.InnerException, Is.InstanceOf<ObjectDisposedException>());
    }

    // Dispose puts zeros in the place of registers, and an access that is past its check reads them. Of more threads than
    // there are processors, most stand still anywhere between two instructions, and some of them there.
    [Test]
    public void Dispose_is_never_taken_for_the_value_zero()
    {
        var mistaken = 0;
        for (var round = 0; round < 4; round++)
        {
            using var begin = new ManualResetEventSlim();
            using var begun = new CountdownEvent(16);
            var waiters = Enumerable.Range(0, begun.InitialCount).Select(_ => new Thread(WaitForZero)).ToArray();
            Array.ForEach(waiters, waiter => waiter.Start());
            begin.Set();
            Assert.That(begun.Wait(s_bound), Is.True);

            _device.Dispose();

            Assert.That(waiters.All(waiter => waiter.Join(s_bound)), Is.True);
            Open();

            void WaitForZero()
            {
                var first = true;
                begin.Wait();
                try
                {
                    while (!_registers.WaitFor(s_hole, uint.MaxValue, 0, TimeSpan.Zero))
                    {
                        if (first)
                            begun.Signal();
                        first = false;
                    }
                    Interlocked.Increment(ref mistaken);
                }
                catch (ObjectDisposedException)
                {
                }
            }
        }

        Assert.That(mistaken, Is.Zero);
    }

    [Test]
    public void Nothing_is_allocated()
    {
        Use(_registers);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 2000; i++)
            Use(_registers);
        var waited = _registers.WaitFor(s_hole, 1, 0, TimeSpan.FromMilliseconds(20));

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(waited, Is.False);
    }

    private static void Use(Registers registers)
    {
        registers.Read(s_liveness);
        registers.Read32(s_liveness.Offset);
        registers.Read(s_dmaSource);
        registers.Read64(s_dmaSource.Offset);
        registers.Write(s_liveness, 1);
        registers.Write32(s_liveness.Offset, 1);
        registers.Write(s_dmaSource, 1);
        registers.Write64(s_dmaSource.Offset, 1);
        registers.WriteRelaxed(s_liveness, 1);
        registers.WriteRelaxed(s_dmaSource, 1);
        registers.Modify(s_dmaSource, 1, 1);
        registers[s_liveness.Offset] = registers[s_liveness.Offset];
        registers.Write(new RegisterArray<int>(s_liveness.Offset, 1)[0], -1);
        registers.WaitFor(s_liveness, 1, 0, TimeSpan.Zero);
        registers.WaitFor(s_dmaSource, 1, 1, TimeSpan.Zero);
    }
}
