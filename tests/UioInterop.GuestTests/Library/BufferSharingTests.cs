using System.Net.Sockets;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>Buffers that travel over Unix sockets. Nothing is left of them, whatever went wrong.</summary>
internal sealed class BufferSharingTests
{
    private const int Stream = 1, Datagram = 2, Packets = 5; // SOCK_*

    private static readonly int[] s_types = [Stream, Datagram, Packets];
    private static readonly TimeSpan s_timeout = Bound.Long;

    private int _buffers;
    private int _descriptors;

    [SetUp]
    public void Count()
    {
        (_buffers, _descriptors) = (Settled.Buffers, Settled.Of(OpenDescriptors));
    }

    [TearDown]
    public void NothingIsLeft()
    {
        // Without a collection: what only a finalizer closes has leaked.
        Assert.That((DmaBufTable.Buffers, OpenDescriptors()), Is.EqualTo((_buffers, _descriptors)), "buffers and descriptors");
    }

    [Test]
    public void A_sent_buffer_shares_its_memory([ValueSource(typeof(Buffers), nameof(Buffers.Exporters))] string exporter,
        [ValueSource(nameof(s_types))] int type)
    {
        var (here, there) = UnixSockets.Pair(type);
        using var sender = here;
        using var receiver = there;
        using var sent = Buffers.Allocate(exporter, 10_000);
        Buffers.Fill(sent, Buffers.Pattern(10_000, seed: 20));

        sent.Send(here);
        using var received = DmaBuf.Receive(there);

        Assert.That((received.Length, received.Exporter), Is.EqualTo((sent.Capacity, sent.Exporter)));
        Assert.That(Buffers.Read(received, 10_000), Is.EqualTo(Buffers.Pattern(10_000, seed: 20)));
        Buffers.Fill(received, [9, 8, 7]);
        Assert.That(Buffers.Read(sent, 3), Is.EqualTo(new byte[] { 9, 8, 7 }), "the same memory");
        Assert.That(Descriptors.Inheritable(), Has.None.Contains("dmabuf"));
    }

    [Test]
    public void It_lives_on_after_its_sender_on_the_way_too()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using (there)
        {
            using (here)
            using (var sent = DmaHeap.System.Allocate(4096))
            {
                Buffers.Fill(sent, [1, 2, 3]);
                sent.Send(here);
            }
            Assert.That(DmaBufTable.Buffers, Is.EqualTo(_buffers + 1), "on the way");

            using var received = DmaBuf.Receive(there);
            Assert.That(Buffers.Read(received, 3), Is.EqualTo(new byte[] { 1, 2, 3 }));
        }
    }

    [Test]
    public void A_second_process_reads_and_writes_it_and_sends_one_of_its_own()
    {
        using var buffer = DmaHeap.System.Allocate(4096);
        Buffers.Fill(buffer, Buffers.Pattern(4096, seed: 21));

        using var received = ChildProcess.InvertAndSendOne(buffer);

        Assert.That(Buffers.Read(buffer, 4096), Is.EqualTo(Buffers.Pattern(4096, seed: 21).Select(b => (byte)~b)), "written there");
        Assert.That(Buffers.Read(received, 4096), Is.EqualTo(Buffers.Pattern(4096, seed: ChildProcess.Seed)),
            "from a process that has ended");
    }

    [Test]
    public void The_message_can_have_other_control_data()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using var sender = here;
        using var receiver = there;
        UnixSockets.PassCredentials(there);
        using var sent = DmaHeap.System.Allocate(4096);

        sent.Send(here);

        DmaBuf.Receive(there).Dispose();
    }

    [Test]
    public async Task An_asynchronous_receive_waits_and_a_blocking_one_after_it_too()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using var sender = here;
        using var receiver = there;
        using var buffer = DmaHeap.System.Allocate(4096);

        var pending = DmaBuf.ReceiveAsync(there);
        Assert.That(pending.IsCompleted, Is.False);
        buffer.Send(here);
        (await pending.AsTask().WaitAsync(s_timeout)).Dispose();

        // .NET has made the descriptor one that does not block, and still says that it does.
        there.ReceiveTimeout = (int)s_timeout.TotalMilliseconds;
        var before = ThreadsInPoll.Count;
        var blocking = Task.Run(() => DmaBuf.Receive(there));
        Assert.That(SpinWait.SpinUntil(() => ThreadsInPoll.Count > before, s_timeout), Is.True, "it waits");
        buffer.Send(here);
        (await blocking.WaitAsync(s_timeout)).Dispose();
    }

    [Test]
    public async Task A_cancelled_receive_takes_nothing()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using var sender = here;
        using var receiver = there;
        using var cancel = new CancellationTokenSource();

        var pending = DmaBuf.ReceiveAsync(there, cancel.Token);
        await cancel.CancelAsync();
        Assert.That(async () => await pending, Throws.InstanceOf<OperationCanceledException>());

        using var buffer = DmaHeap.System.Allocate(4096);
        buffer.Send(here);
        Assert.That(async () => await DmaBuf.ReceiveAsync(there, cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        DmaBuf.Receive(there).Dispose();
    }

    [Test]
    public void The_sockets_timeouts_and_blocking_mode_count()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using var sender = here;
        using var receiver = there;
        using var buffer = DmaHeap.System.Allocate(4096);
        there.ReceiveTimeout = here.SendTimeout = 10;

        Assert.That(() => DmaBuf.Receive(there), Throws.InstanceOf<TimeoutException>());
        Assert.That(() => SendForEver(buffer, here), Throws.InstanceOf<TimeoutException>());
        DmaBuf.Receive(there).Dispose(); // the connection is as good as before

        here.Blocking = false;
        AssertFails(() => SendForEver(buffer, here), LibC.EAGAIN);
        var (alone, other) = UnixSockets.Pair(Stream);
        using var silent = other;
        using var listener = alone;
        alone.Blocking = false;
        AssertFails(() => DmaBuf.Receive(alone), LibC.EAGAIN);
    }

    [Test]
    public void A_peer_that_has_closed_is_an_error([ValueSource(nameof(s_types))] int type)
    {
        var (here, there) = UnixSockets.Pair(type);
        using var socket = here;
        using var buffer = DmaHeap.System.Allocate(4096);
        there.Dispose();

        // A datagram socket has no connection that could end.
        AssertFails(() => buffer.Send(here), type == Datagram ? LibC.ECONNREFUSED : LibC.EPIPE);
        if (type != Datagram)
        {
            AssertFails(() => DmaBuf.Receive(here), LibC.ECONNRESET);
            AssertFails(() => DmaBuf.ReceiveAsync(here).AsTask().GetAwaiter().GetResult(), LibC.ECONNRESET);
        }
    }

    [Test]
    public void A_peer_that_closes_ends_the_waits()
    {
        foreach (var receive in new Func<Socket, Task<DmaBuf>>[]
            { socket => Task.Run(() => DmaBuf.Receive(socket)), socket => DmaBuf.ReceiveAsync(socket).AsTask() })
        {
            var (here, there) = UnixSockets.Pair(Stream);
            using var socket = here;
            var pending = receive(here);
            there.Dispose();
            AssertFails(() => pending.WaitAsync(s_timeout).GetAwaiter().GetResult(), LibC.ECONNRESET);
        }
    }

    [Test]
    public void Disposing_the_socket_ends_the_waits()
    {
        foreach (var receive in new Func<Socket, Task<DmaBuf>>[]
            { socket => Task.Run(() => DmaBuf.Receive(socket)), socket => DmaBuf.ReceiveAsync(socket).AsTask() })
        {
            var (here, there) = UnixSockets.Pair(Stream);
            using var other = there;
            var pending = receive(here);
            here.Dispose();
            Assert.That(() => pending.WaitAsync(s_timeout), Throws.InstanceOf<ObjectDisposedException>().Or.InstanceOf<SocketException>());
        }
    }

    [Test]
    public void A_message_without_a_descriptor_is_refused([ValueSource(nameof(s_types))] int type)
    {
        var (here, there) = UnixSockets.Pair(type);
        using var sender = here;
        using var receiver = there;
        UnixSockets.Send(here, 1);

        AssertFails(() => DmaBuf.Receive(there), LibC.ENOMSG);
    }

    [Test]
    public void A_descriptor_of_something_else_is_named_and_closed()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using var sender = here;
        using var receiver = there;
        using var file = RawFile.Open("/dev/null", LibC.O_RDWR);
        UnixSockets.Send(here, 1, RawFile.Number(file));

        var error = AssertFails(() => DmaBuf.Receive(there), LibC.EBADMSG);

        Assert.That(error.Remedy, Does.Contain("/dev/null"));
    }

    [Test]
    public void More_descriptors_than_one_are_refused_and_closed()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using var sender = here;
        using var receiver = there;
        using var buffer = DmaHeap.System.Allocate(4096);
        using var file = buffer.DuplicateHandle();
        var number = RawFile.Number(file);
        UnixSockets.Send(here, 1, number, number, number);

        AssertFails(() => DmaBuf.Receive(there), LibC.EBADMSG);
    }

    [Test]
    public void A_packet_of_more_than_a_byte_is_refused_as_its_rest_is_lost()
    {
        var (here, there) = UnixSockets.Pair(Packets);
        using var sender = here;
        using var receiver = there;
        using var buffer = DmaHeap.System.Allocate(4096);
        using var file = buffer.DuplicateHandle();
        UnixSockets.Send(here, 16, RawFile.Number(file));

        AssertFails(() => DmaBuf.Receive(there), LibC.EBADMSG);
    }

    [Test]
    public void Without_a_free_descriptor_the_loss_is_told()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using var sender = here;
        using var receiver = there;
        using (var buffer = DmaHeap.System.Allocate(4096))
            buffer.Send(here);

        UioException? error = null;
        using (new NoDescriptors())
        {
            try
            {
                DmaBuf.Receive(there);
            }
            catch (UioException refused)
            {
                error = refused;
            }
        }

        Assert.That(error?.Errno, Is.EqualTo(LibC.EMFILE));
        Assert.That(DmaBufTable.Buffers, Is.EqualTo(_buffers), "the kernel has dropped it");
    }

    [Test]
    public void A_socket_that_cannot_carry_buffers_is_refused()
    {
        using var buffer = DmaHeap.System.Allocate(4096);
        using var netlink = UnixSockets.Netlink();
        using var unconnected = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => buffer.Send(netlink), Throws.ArgumentException);
            Assert.That(() => DmaBuf.Receive(netlink), Throws.ArgumentException);
            Assert.That(() => buffer.Send(null!), Throws.ArgumentNullException);
            Assert.That(() => DmaBuf.Receive(null!), Throws.ArgumentNullException);
            AssertFails(() => buffer.Send(unconnected), LibC.ENOTCONN);
            AssertFails(() => DmaBuf.Receive(unconnected), LibC.EINVAL);
        }
    }

    [Test]
    public void A_disposed_buffer_or_socket_is_refused()
    {
        var (here, there) = UnixSockets.Pair(Stream);
        using var receiver = there;
        var buffer = DmaHeap.System.Allocate(4096);
        buffer.Dispose();
        Assert.That(() => buffer.Send(here), Throws.InstanceOf<ObjectDisposedException>());

        here.Dispose();
        Assert.That(() => DmaBuf.Receive(here), Throws.InstanceOf<ObjectDisposedException>());
    }

    private static int OpenDescriptors() => Descriptors.CountOf("socket:", "/dmabuf", "/dev/null");

    private static UioException AssertFails(Action action, int errno)
    {
        var error = Assert.Throws<UioException>(() => action())!;
        Assert.That(error.Errno, Is.EqualTo(errno), error.Message);
        Assert.That(error.Remedy, Is.Not.Empty.And.Not.Contains("dmesg"));
        return error;
    }

    private static void SendForEver(DmaBuf buffer, Socket socket)
    {
        while (true)
            buffer.Send(socket);
    }
}
