using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>A buffer as <see cref="Memory{T}"/>, given to what .NET has for it.</summary>
internal sealed class BufferMemoryTests
{
    private const int Stream = 1; // SOCK_STREAM
    private const int Length = 10_000;
    private static readonly TimeSpan s_timeout = Bound.Long;
    private static readonly byte[] s_pattern = Buffers.Pattern(Length, seed: 30);

    [Test]
    public async Task Streams_read_into_it_and_write_from_it()
    {
        using var buffer = DmaHeap.System.Allocate(Length);
        using (var memory = buffer.BeginMemoryAccess(CpuAccessMode.Write, 0, Length))
            await new MemoryStream(s_pattern).ReadExactlyAsync(memory.Memory);

        using var written = new MemoryStream();
        using (var memory = buffer.BeginMemoryAccess(CpuAccessMode.Read, 0, Length))
            await written.WriteAsync(memory.Memory);

        Assert.That(written.ToArray(), Is.EqualTo(s_pattern));
    }

    [Test]
    public async Task Files_are_read_into_it_and_written_from_it()
    {
        var path = Path.GetTempFileName();
        try
        {
            using var buffer = DmaHeap.System.Allocate(2 * Length);
            await File.WriteAllBytesAsync(path, s_pattern);
            using (var memory = buffer.BeginMemoryAccess(CpuAccessMode.Write))
            {
                await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0,
                    useAsync: true);
                await stream.ReadExactlyAsync(memory.Memory[..Length]);
                using var file = File.OpenHandle(path, options: FileOptions.Asynchronous);
                Assert.That(await RandomAccess.ReadAsync(file,
                    [memory.Memory[Length..(Length + 100)], memory.Memory.Slice(Length + 100, 50)], 7), Is.EqualTo(150));
            }

            using (var memory = buffer.BeginMemoryAccess(CpuAccessMode.Read, Length, 150))
            using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
                await RandomAccess.WriteAsync(file, memory.Memory, 3);

            Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(s_pattern));
            Assert.That((await File.ReadAllBytesAsync(path))[3..], Is.EqualTo(s_pattern[7..157]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public async Task A_pipeline_writes_into_it_and_reads_from_it()
    {
        using var source = DmaHeap.System.Allocate(Length);
        using var destination = DmaHeap.System.Allocate(Length);
        Buffers.Fill(source, s_pattern);
        var pipe = new Pipe();

        using var from = source.BeginMemoryAccess(CpuAccessMode.Read, 0, Length);
        using var to = destination.BeginMemoryAccess(CpuAccessMode.Write, 0, Length);
        var writing = Task.Run(async () =>
        {
            await PipeReader.Create(new ReadOnlySequence<byte>(from.Memory)).CopyToAsync(pipe.Writer);
            await pipe.Writer.CompleteAsync();
        });
        await pipe.Reader.AsStream().ReadExactlyAsync(to.Memory);
        await writing;

        Assert.That(to.Memory.Span.SequenceEqual(s_pattern), Is.True);
    }

    [Test]
    public async Task Dispose_is_refused_while_an_operation_has_it_pinned()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using var sender = here;
        using var receiver = there;
        using var buffer = DmaHeap.System.Allocate(Length);
        var memory = buffer.BeginMemoryAccess(CpuAccessMode.Write);
        var bytes = memory.Memory;

        using (bytes.Pin())
        {
            using (bytes[100..].Pin())
                Assert.That(memory.Dispose, Throws.InvalidOperationException);
            Assert.That(memory.Dispose, Throws.InvalidOperationException);
            Assert.That(buffer.Dispose, Throws.InvalidOperationException);
        }

        var pending = there.ReceiveAsync(bytes);
        here.Send([5]);
        Assert.That(await pending.AsTask().WaitAsync(s_timeout), Is.EqualTo(1));
        Assert.That(bytes.Span[0], Is.EqualTo(5));

        memory.Dispose();
        memory.Dispose();
        Assert.That(Buffers.Read(buffer, 1)[0], Is.EqualTo(5), "the scope has ended, or this would be refused");
    }

    // One thread pins and unpins without a break, so that the other's attempts to end the scope meet each moment of that.
    [Test]
    public void A_scope_does_not_end_under_a_pin()
    {
        const int Rounds = 100;
        using var buffer = DmaHeap.System.Allocate(Length);
        IMemoryOwner<byte>? owner = null;
        var (pins, together, isOver) = (0, 0, false);
        var thread = new Thread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                if (Volatile.Read(ref owner) is { } scope && !TryPin(scope, out var endedUnderIt) && endedUnderIt)
                    together++;
                Volatile.Write(ref pins, pins + 1);
            }
        });
        thread.Start();

        for (var i = 0; i < Rounds; i++)
        {
            using var scope = buffer.BeginMemoryAccess(CpuAccessMode.Read);
            Volatile.Write(ref owner, scope);
            var before = Volatile.Read(ref pins);
            Assert.That(SpinWait.SpinUntil(() => Volatile.Read(ref pins) - before > 1, s_timeout), Is.True);
            while (!TryEnd(scope))
            {
            }

            Volatile.Write(ref owner, null);
        }

        Volatile.Write(ref isOver, true);
        Assert.That(thread.Join(s_timeout), Is.True);
        Assert.That(together, Is.Zero);
    }

    [Test]
    public void After_Dispose_it_says_so_whatever_is_asked()
    {
        using var buffer = DmaHeap.System.Allocate(Length);
        var owner = buffer.BeginMemoryAccess(CpuAccessMode.Write);
        var memory = owner.Memory;
        owner.Dispose();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => memory.Span.Length, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => memory[1..].Span.Length, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => memory.Pin(), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => owner.Memory.Span.Length, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(async () => await new MemoryStream(s_pattern).ReadExactlyAsync(memory),
                Throws.InstanceOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void It_keeps_others_out_as_a_scope_does()
    {
        using var buffer = DmaHeap.System.Allocate(Length);
        using (buffer.BeginMemoryAccess(CpuAccessMode.Read))
        {
            using (buffer.BeginMemoryAccess(CpuAccessMode.Read, 1, 2))
            using (buffer.BeginAccess(CpuAccessMode.Read))
                Assert.That(() => buffer.BeginMemoryAccess(CpuAccessMode.Write), Throws.InvalidOperationException);
        }
        using (buffer.BeginMemoryAccess(CpuAccessMode.Write))
            Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Read); }, Throws.InvalidOperationException);
    }

    // Where nothing checks DMA: the kernel's checks count how often a page is mapped, and take a minute for half a million.
    [Test, Category(Needs.Icount)]
    public void Windows_reach_beyond_2_GiB()
    {
        const long Far = (1L << 31) + 12_345;
        using var buffer = LargeBuffer.Create();
        Assert.That(buffer.Length, Is.EqualTo(LargeBuffer.Length).And.GreaterThan(Far + Length));
        Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Read); }, Throws.InstanceOf<ArgumentOutOfRangeException>(),
            "no span is that long");

        using (var memory = buffer.BeginMemoryAccess(CpuAccessMode.Write, Far, Length))
            s_pattern.CopyTo(memory.Memory);

        using (var cpu = buffer.BeginAccess(CpuAccessMode.Read, Far, Length))
            Assert.That(cpu.Span.SequenceEqual(s_pattern), Is.True);
        // The same memory once more, at a place that an offset cut to 32 bits would not give.
        using (var cpu = buffer.BeginAccess(CpuAccessMode.Read, Far % LargeBuffer.Period, Length))
            Assert.That(cpu.Span.SequenceEqual(s_pattern), Is.True);
        using (var last = buffer.BeginAccess(CpuAccessMode.Read, LargeBuffer.Length - 10))
            Assert.That(last.Span.Length, Is.EqualTo(10));
        Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Read, LargeBuffer.Length - 10, 11); },
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_span_that_outlives_the_buffer_is_over_plain_memory()
    {
        var before = Settled.Buffers;
        var buffer = DmaHeap.System.Allocate(Length);
        var owner = buffer.BeginMemoryAccess(CpuAccessMode.Write);
        var span = owner.Memory.Span;
        span.Fill(1);

        owner.Dispose();
        buffer.Dispose();

        Assert.That(DmaBufTable.Buffers, Is.EqualTo(before), "the map does not keep the buffer");
        Collector.Run();
        Assert.That(span.IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
        span.Fill(2);
        Assert.That(span.IndexOfAnyExcept((byte)2), Is.EqualTo(-1));
        GC.KeepAlive(owner);
    }

    // A process may have 65530 maps. Fewer here, so that the test takes as many rounds as it can afford.
    [Test]
    public void Retired_maps_use_up_neither_maps_nor_addresses()
    {
        const int Room = 50, Rounds = 150;
        const string Limit = "/proc/sys/vm/max_map_count";
        AllocateMapDispose();
        Collector.Run();
        var limit = File.ReadAllText(Limit);
        var before = MemoryMaps.All();
        File.WriteAllText(Limit, $"{before.Count + Room}");
        try
        {
            for (var i = 0; i < Rounds; i++)
                AllocateMapDispose();
        }
        finally
        {
            File.WriteAllText(Limit, limit);
        }

        Collector.Run();
        var after = MemoryMaps.All();
        Assert.That(after, Has.Count.LessThan(before.Count + Room / 2), "maps left");
        Assert.That(SizeOf(after), Is.LessThan(SizeOf(before) + Rounds * MapLength / 2), "addresses left");
    }

    private const long MapLength = 256 << 10;

    private static long SizeOf(IEnumerable<MemoryMaps> maps) => maps.Sum(map => (long)(map.End - map.Start));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AllocateMapDispose()
    {
        using var buffer = DmaHeap.System.Allocate(MapLength);
        using var cpu = buffer.BeginAccess(CpuAccessMode.Write);
        cpu.Span[0] = 1;
    }

    /// <summary>Pins the memory for a moment. False when the scope had ended before, or ended under the pin.</summary>
    private static bool TryPin(IMemoryOwner<byte> scope, out bool endedUnderIt)
    {
        endedUnderIt = false;
        try
        {
            var memory = scope.Memory;
            using var pin = memory.Pin();
            endedUnderIt = true;
            Thread.SpinWait(10);
            _ = memory.Span;
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private static bool TryEnd(IMemoryOwner<byte> scope)
    {
        try
        {
            scope.Dispose();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
