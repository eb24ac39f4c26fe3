using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

[TestFixtureSource(typeof(Buffers), nameof(Buffers.Exporters))]
internal sealed class DmaBufTests(string exporter)
{
    [Test]
    public void A_buffer_is_zero_and_keeps_what_is_written()
    {
        using var buffer = Buffers.Allocate(exporter, 10_000);
        Assert.That((buffer.Length, buffer.Capacity), Is.EqualTo((10_000, 12_288)), "what was asked for, on whole pages");
        Assert.That(Buffers.Read(buffer, 10_000), Is.All.Zero);

        var pattern = Buffers.Pattern(10_000, seed: 1);
        Buffers.Fill(buffer, pattern);

        Assert.That(Buffers.Read(buffer, 10_000), Is.EqualTo(pattern));
    }

    // cpu.Span[i] in a loop asks each time whether the scope is open.
    [Test]
    public void The_span_of_an_open_scope_is_had_without_a_lock()
    {
        using var buffer = Buffers.Allocate(exporter, 4096);
        using var isHeld = new ManualResetEventSlim();
        using var isRead = new ManualResetEventSlim();
        var wasRead = false;
        using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
        var holder = new Thread(() =>
        {
            lock (buffer.Ledger.Gate)
            {
                isHeld.Set();
                wasRead = isRead.Wait(Bound.Long);
            }
        });
        holder.Start();

        Assert.That(isHeld.Wait(Bound.Long), Is.True);
        Assert.That(cpu.Span[100], Is.Zero);
        isRead.Set();

        holder.Join();
        Assert.That(wasRead, Is.True);
    }

    [Test]
    public void Reading_scopes_on_one_buffer_end_independently()
    {
        using var buffer = Buffers.Allocate(exporter, 4096);
        var first = buffer.BeginAccess(CpuAccessMode.Read);
        var second = buffer.BeginAccess(CpuAccessMode.Read);
        using var third = buffer.BeginAccess(CpuAccessMode.Read);

        second.Dispose();
        Assert.That((IsOpen(first), IsOpen(second), IsOpen(third)), Is.EqualTo((true, false, true)));
        var fourth = buffer.BeginAccess(CpuAccessMode.Read); // in the place of the second
        first.Dispose();
        Assert.That((IsOpen(first), IsOpen(second), IsOpen(third), IsOpen(fourth)), Is.EqualTo((false, false, true, true)));
        fourth.Dispose();

        static bool IsOpen(CpuAccess cpu)
        {
            try
            {
                return cpu.Span.Length > 0;
            }
            catch (ObjectDisposedException)
            {
                return false;
            }
        }
    }

    [Test]
    public void A_window_begins_at_its_offset()
    {
        using var buffer = Buffers.Allocate(exporter, 8192);
        using (var cpu = buffer.BeginAccess(CpuAccessMode.Write, 5000, 100))
        {
            Assert.That(cpu.Span.Length, Is.EqualTo(100));
            cpu.Span.Fill(7);
        }

        var bytes = Buffers.Read(buffer, 8192);
        Assert.That(bytes.AsSpan(5000, 100).ToArray(), Is.All.EqualTo(7));
        Assert.That(bytes.Count(b => b != 0), Is.EqualTo(100));
    }

    [TestCase(-1, 1)]
    [TestCase(0, 8193)]
    [TestCase(8192, 1)]
    [TestCase(long.MaxValue, 1)]
    [TestCase(0, -2)]
    public void A_window_outside_of_the_buffer_is_refused(long offset, int length)
    {
        using var buffer = Buffers.Allocate(exporter, 8192);

        Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Read, offset, length); }, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_scope_that_writes_is_alone_and_readers_share()
    {
        using var buffer = Buffers.Allocate(exporter, 4096);
        using (buffer.BeginAccess(CpuAccessMode.Read))
        using (buffer.BeginAccess(CpuAccessMode.Read))
            Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Write); }, Throws.InvalidOperationException);

        using (buffer.BeginAccess(CpuAccessMode.Write))
            Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Read); }, Throws.InvalidOperationException);
    }

    [Test]
    public void A_copied_scope_ends_once()
    {
        using var buffer = Buffers.Allocate(exporter, 4096);
        var scope = buffer.BeginAccess(CpuAccessMode.Write);
        var copy = scope;
        scope.Dispose();

        using var next = buffer.BeginAccess(CpuAccessMode.Write);
        copy.Dispose();

        next.Span[0] = 1;
        var ended = false;
        try
        {
            _ = copy.Span;
        }
        catch (ObjectDisposedException)
        {
            ended = true;
        }
        Assert.That(ended, Is.True);
    }

    [Test]
    public void A_buffer_with_an_open_scope_cannot_be_disposed()
    {
        var buffer = Buffers.Allocate(exporter, 4096);
        using (buffer.BeginAccess(CpuAccessMode.Read))
            Assert.That(buffer.Dispose, Throws.InvalidOperationException);

        buffer.Dispose();
        buffer.Dispose();
        Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Read); }, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void A_duplicate_is_the_same_memory_and_all_of_it_goes_with_the_last()
    {
        var before = Settled.Buffers;
        var first = Buffers.Allocate(exporter, 4096);
        var second = DmaBuf.FromHandle(first.DuplicateHandle());
        Buffers.Fill(first, [1, 2, 3]);
        Assert.That(second.Exporter, Is.EqualTo(first.Exporter));
        Assert.That(Buffers.Read(second, 3), Is.EqualTo(new byte[] { 1, 2, 3 }));

        first.Dispose();
        Assert.That(DmaBufTable.Buffers, Is.EqualTo(before + 1));
        second.Dispose();
        Assert.That(DmaBufTable.Buffers, Is.EqualTo(before));
    }

    [Test]
    public void Its_descriptors_are_closed_by_exec()
    {
        using var buffer = Buffers.Allocate(exporter, 4096);
        using var duplicate = buffer.DuplicateHandle();
        using var inheritable = RawFile.Duplicate(duplicate, inheritable: true);
        var number = RawFile.Number(inheritable);
        Assert.That(Descriptors.IsClosedByExec(number), Is.False, "the test can see the difference");

        using var adopted = DmaBuf.FromHandle(inheritable);

        Assert.That(Descriptors.IsClosedByExec(RawFile.Number(duplicate)), Is.True);
        Assert.That(Descriptors.IsClosedByExec(number), Is.True, "an adopted one as well");
        Assert.That(inheritable.IsClosed, Is.True, "nobody else can close it");
    }
}

internal sealed class DmaBufErrorTests
{
    [Test]
    public void A_descriptor_of_something_else_is_refused_and_stays_the_callers()
    {
        using var file = RawFile.Open("/dev/null", LibC.O_RDWR);

        Assert.That(() => DmaBuf.FromHandle(file), Throws.ArgumentException.With.Message.Contains("/dev/null"));
        Assert.That(file.IsClosed, Is.False);
    }

    [Test]
    public void A_closed_descriptor_is_refused()
    {
        var file = RawFile.Open("/dev/null", LibC.O_RDWR);
        file.Dispose();

        Assert.That(() => DmaBuf.FromHandle(file), Throws.InstanceOf<ObjectDisposedException>());
    }

    // What a descriptor is of is read from a file, which takes a descriptor.
    [Test]
    public void Without_a_free_descriptor_the_error_is_EMFILE_and_the_handle_stays_the_callers()
    {
        using var buffer = DmaHeap.System.Allocate(4096);
        using var file = buffer.DuplicateHandle();

        Exception? error = null;
        using (new NoDescriptors())
        {
            try
            {
                DmaBuf.FromHandle(file).Dispose();
            }
            catch (Exception thrown)
            {
                error = thrown;
            }
        }

        Assert.That(error, Is.InstanceOf<UioException>().With.Property(nameof(UioException.Errno)).EqualTo(LibC.EMFILE));
        Assert.That(file.IsClosed, Is.False);
        DmaBuf.FromHandle(file).Dispose();
    }

    [TestCase(0)]
    [TestCase(-4096)]
    public void A_length_of_nothing_is_refused(long length)
    {
        Assert.That(() => DmaHeap.System.Allocate(length), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => DmaBuf.AllocateFromMemfd(length), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_CMA_heap_that_is_too_small_says_so()
    {
        var error = Assert.Throws<UioException>(() => DmaHeap.Cma.Allocate(1L << 30))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.ENOMEM));
        Assert.That(error.Remedy, Is.Not.Empty);
    }

    [Test]
    public void A_heap_that_is_not_there_is_named_beside_those_that_are()
    {
        var error = Assert.Throws<UioException>(() => DmaHeap.Open("nowhere"))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.ENOENT));
        Assert.That(error.Message, Does.Contain("nowhere").And.Contains("system"));
    }
}
