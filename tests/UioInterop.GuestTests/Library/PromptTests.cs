using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>What people type first: one line each, without scopes and handles.</summary>
[Category(Needs.Edu), Category(Needs.Pc), Category(Needs.Import)]
internal sealed class PromptTests
{
    private const string PciUio = "uio_pci_generic";
    private static readonly TimeSpan s_bound = Bound.Long;
    private static readonly Register<uint> s_status = new(0x24), s_acknowledge = new(0x64);

    private UioDevice _device = null!;

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        _device = UioDevice.Open(UnderTest.Name);
    }

    [TearDown]
    public void Close()
    {
        _device.Dispose();
        SysDevice.Sata.Free();
    }

    [Test]
    public void A_device_opens_by_any_unique_description()
    {
        _device.Dispose();
        var number = Path.GetFileName(UnderTest.DevicePath)["uio".Length..];

        string[] texts = [number, "uio" + number, UnderTest.DevicePath, UnderTest.Name, UnderTest.Name["0000:".Length..], PciUio];
        foreach (var text in texts)
        {
            using var device = UioDevice.Open(text);
            Assert.That(device.Info.ParentName, Is.EqualTo(UnderTest.Name), text);
        }
    }

    [Test]
    public void An_ambiguous_id_is_refused()
    {
        SysDevice.Sata.Bind(PciUio);

        var error = Assert.Throws<UioException>(() => UioDevice.Open(PciUio))!;

        Assert.That(error.Message, Does.Contain(UnderTest.Name).And.Contains(SysDevice.Sata.Name).And.Contains(PciUio));
    }

    // The other device's name is this one's number.
    [Test]
    public void A_name_and_a_number_are_not_taken_for_each_other()
    {
        SysDevice.Sata.Bind(PciUio);
        var other = UioDevice.List().Single(device => device.ParentName == SysDevice.Sata.Name).Number;
        MountNamespace.Run(mounts =>
        {
            mounts.Replace($"/sys/class/uio/uio{other}/name", $"{_device.Info.Number}\n");

            Assert.That(() => UioDevice.Open($"{_device.Info.Number}"),
                Throws.InstanceOf<UioException>().With.Message.Contains("more than one"));
        });
    }

    [Test]
    public void An_unknown_id_is_answered_with_a_list_of_devices() =>
        Assert.That(() => UioDevice.Open("nowhere"), Throws.InstanceOf<UioException>()
            .With.Message.Contains("\"nowhere\"").And.Message.Contains(_device.Info.ToString()));

    [Test]
    public void Registers_are_indexed()
    {
        _device.Registers[0x04] = 0x12345678;

        Assert.That((_device.Registers[0x00], _device.Registers[0x04]), Is.EqualTo((0x010000edu, ~0x12345678u)));
    }

    [Test]
    public void A_buffer_is_allocated_written_and_read()
    {
        using var buffer = _device.Allocate<uint>(1000, DmaDirection.Bidirectional);
        uint[] values = [.. Enumerable.Range(1, 1000).Select(i => (uint)i)], back = new uint[10];

        buffer.Write(values);
        buffer.Read(back, 990);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((buffer.Length, buffer.Buffer.Length, buffer.Buffer.Capacity), Is.EqualTo((1000, 4000, 4096)));
            Assert.That((buffer.Mapping.Length, buffer.Mapping.Device), Is.EqualTo((4000, _device)));
            Assert.That(back, Is.EqualTo(values[990..]));
            Assert.That(buffer.ToArray(), Is.EqualTo(values));
            Assert.That(buffer.As<ushort>().ToArray()[..4], Is.EqualTo(new ushort[] { 1, 0, 2, 0 }));
            Assert.That(() => buffer.Write([1, 2], 999), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => buffer.Write([1], -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => buffer.Read(back, 991), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }

        buffer.Fill(7);
        Assert.That(buffer.ToArray(), Is.All.EqualTo(7));
    }

    [Test]
    public void A_transfer_has_the_length_that_was_asked_for()
    {
        _device.Dispose();
        using var edu = UioInterop.Devices.EduDevice.Open(UnderTest.Name);
        using var there = edu.Device.Allocate<byte>(100, DmaDirection.ToDevice);
        using var back = edu.Device.Allocate<byte>(100, DmaDirection.FromDevice);
        there.Write(Buffers.Pattern(100, seed: 3));

        edu.CopyToDevice(there, 0, (int)there.Mapping.Length, s_bound);
        edu.CopyFromDevice(back, 0, (int)back.Mapping.Length, s_bound);

        Assert.That(back.ToArray(), Is.EqualTo(there.ToArray()));
        Assert.That(() => there.Mapping.BeginTransfer(0, 101), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void An_allocation_that_fails_leaves_nothing()
    {
        Assert.That(() => _device.Allocate<ulong>(1L << 40, DmaDirection.ToDevice), Throws.InstanceOf<UioException>());
        Assert.That(() => _device.Allocate<ulong>(0, DmaDirection.ToDevice), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => _device.Allocate<ulong>(long.MaxValue, DmaDirection.ToDevice), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => _device.Allocate<ulong>(1, (DmaDirection)9), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(_device.Mappings, Is.Empty);
    }

    [Test]
    public void Mappings_are_those_that_have_not_ended()
    {
        using var first = _device.Allocate<byte>(1, DmaDirection.ToDevice);
        using (_device.Allocate<byte>(2, DmaDirection.FromDevice))
        {
            Assert.That(_device.Mappings.Select(mapping => (mapping.Direction, mapping.Length, mapping.IsInTransfer)),
                Is.EquivalentTo(new[] { (DmaDirection.ToDevice, 1L, false), (DmaDirection.FromDevice, 2L, false) }));
        }

        using var lease = first.Mapping.BeginTransfer(0, 1);
        Assert.That(_device.Mappings.Single().IsInTransfer, Is.True);
        lease.Complete();
    }

    [Test]
    public async Task Interrupts_come_in_a_loop()
    {
        var interrupt = new EduInterrupt(_device);
        using var cancel = new CancellationTokenSource(s_bound);
        await using var interrupts = _device
            .Interrupts(registers => registers.Write(s_acknowledge, registers.Read(s_status)), cancel.Token).GetAsyncEnumerator();

        for (var i = 0; i < 3; i++)
        {
            var next = interrupts.MoveNextAsync();
            interrupt.Raise();

            Assert.That(await next, Is.True);
            Assert.That(interrupts.Current.SinceLastWait, Is.EqualTo(1));
        }
    }

    // The first is counted and taken; the others come while the body runs.
    [Test]
    public async Task Interrupts_that_come_during_the_body_are_counted_as_missed()
    {
        var interrupt = new EduInterrupt(_device);
        using var cancel = new CancellationTokenSource(s_bound);
        await using var interrupts = _device.Interrupts(null, cancel.Token).GetAsyncEnumerator();

        interrupt.RaiseAndRearm();
        Assert.That(await interrupts.MoveNextAsync(), Is.True);
        for (var i = 0; i < 3; i++)
            interrupt.RaiseAndRearm();
        Assert.That(await interrupts.MoveNextAsync(), Is.True);

        Assert.That(interrupts.Current.Missed, Is.EqualTo(2));
    }

    [Test]
    public async Task A_loop_of_interrupts_ends_with_its_token()
    {
        using var cancel = new CancellationTokenSource();
        var loop = Task.Run(async () =>
        {
            await foreach (var count in _device.Interrupts(null, cancel.Token))
                _ = count;
        });

        cancel.Cancel();

        Assert.That(async () => await loop.WaitAsync(s_bound), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_try_says_whether_an_interrupt_came()
    {
        var interrupt = new EduInterrupt(_device);

        Assert.That(await _device.TryWaitForInterruptAsync(TimeSpan.FromMilliseconds(20)), Is.False);
        interrupt.Raise();
        Assert.That(await _device.TryWaitForInterruptAsync(s_bound), Is.True);
        interrupt.Acknowledge();
        Assert.That(async () => await _device.TryWaitForInterruptAsync(s_bound, new CancellationToken(true)),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_buffer_for_reading_only_is_read()
    {
        using var scene = new Scene();
        var buffer = scene.BufferForReadingOnly();

        Assert.That(buffer.ToArray<byte>(), Has.Length.EqualTo(4096).And.All.Zero);
        Assert.That(() => buffer.Fill((byte)1), Throws.InstanceOf<UioException>());
        Assert.That(() => buffer.BeginAccess(CpuAccessMode.Read), Throws.InstanceOf<UioException>(), "a span can be written through");
    }

    [Test]
    public void A_handle_that_owns_nothing_stays_its_owners()
    {
        using var buffer = DmaHeap.System.Allocate(4096);
        using var owner = buffer.DuplicateHandle();
        var borrowed = new Microsoft.Win32.SafeHandles.SafeFileHandle(owner.DangerousGetHandle(), ownsHandle: false);

        DmaBuf.FromHandle(borrowed).Dispose();

        Assert.That(borrowed.IsClosed, Is.True);
        using var again = DmaBuf.FromHandle(owner);
        Assert.That(again.Length, Is.EqualTo(4096));
    }

    [Test]
    public void Out_of_memory_is_tried_again_after_dropped_buffers_have_gone()
    {
        KernelLogCheckAttribute.Expect(new System.Text.RegularExpressions.Regex("^cma: .*alloc failed"));
        var quarter = MemoryInfo("CmaTotal") / 4;
        for (var i = 0; i < 8; i++)
            Drop(quarter);

        DmaHeap.Cma.Allocate(quarter).Dispose();
    }

    [Test]
    public void Every_object_has_words_for_itself()
    {
        var without =
            from type in typeof(UioDevice).Assembly.GetExportedTypes()
            where !type.IsEnum && !type.IsInterface && !type.IsByRefLike && !(type.IsAbstract && type.IsSealed)
            where !type.Name.StartsWith('<') // what the compiler makes of extension members
            let declaring = type.GetMethod(nameof(ToString), Type.EmptyTypes)!.DeclaringType
            where declaring == typeof(object) || declaring == typeof(ValueType)
            select type.Name;

        Assert.That(without, Is.Empty);
    }

    [Test]
    public void Words_are_there_after_the_end_too()
    {
        var buffer = _device.Allocate<byte>(1, DmaDirection.ToDevice);
        object[] objects =
            [_device, _device.Info, _device.Registers, _device.Pci!, buffer, buffer.Mapping, buffer.Buffer, _device.Mappings[0]];
        Assert.That(objects.Select(each => each.ToString()), Is.All.Contains("").And.All.Not.Contains("UioInterop."));

        buffer.Dispose();
        _device.Dispose();

        Assert.That(objects.Select(each => each.ToString()), Is.All.Not.Contains("UioInterop."));
        Assert.That(_device.ToString(), Does.Contain("disposed"));
    }

    [Test]
    public async Task A_buffer_without_fences_is_not_waited_for()
    {
        using var buffer = DmaHeap.System.Allocate(4096);

        await buffer.WaitAsync(CpuAccessMode.Read, TimeSpan.Zero);
        await buffer.WaitAsync(CpuAccessMode.ReadWrite, TimeSpan.Zero);
        Assert.That(() => buffer.WaitAsync(CpuAccessMode.None, s_bound), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => buffer.WaitAsync(CpuAccessMode.Read, TimeSpan.FromTicks(-2)), Throws.InstanceOf<ArgumentOutOfRangeException>());
        buffer.Dispose();
        Assert.That(() => buffer.WaitAsync(CpuAccessMode.Read, s_bound), Throws.InstanceOf<ObjectDisposedException>());
    }

    // To poll(2), an event descriptor looks like a buffer that somebody writes until the event has come.
    [Test]
    public async Task A_fence_is_waited_for()
    {
        Assert.That(UioInterop.Interop.Syscalls.OpenEvent(out var fence), Is.Not.Negative);
        using var buffer = new DmaBuf(fence!, 4096, "fenced");
        using var cancel = new CancellationTokenSource();

        Assert.That(async () => await buffer.WaitAsync(CpuAccessMode.Read, TimeSpan.Zero), Throws.InstanceOf<TimeoutException>());
        Assert.That(async () => await buffer.WaitAsync(CpuAccessMode.Read, TimeSpan.FromMilliseconds(20)),
            Throws.InstanceOf<TimeoutException>());
        var cancelled = buffer.WaitAsync(CpuAccessMode.Read, s_bound, cancel.Token);
        await cancel.CancelAsync();
        Assert.That(async () => await cancelled, Throws.InstanceOf<OperationCanceledException>());

        var waiting = buffer.WaitAsync(CpuAccessMode.Read, s_bound);
        Assert.That(waiting.IsCompleted, Is.False);
        UioInterop.Interop.Syscalls.Signal(fence!);
        await waiting;
        await buffer.WaitAsync(CpuAccessMode.Write, TimeSpan.Zero); // nobody reads
    }

    [Test]
    public void A_name_of_a_buffer_is_seen_by_all_its_holders()
    {
        using var buffer = DmaHeap.System.Allocate(4096);
        using var other = DmaBuf.FromHandle(buffer.DuplicateHandle());
        Assert.That(buffer.Name, Is.Empty);

        buffer.Name = " samples: é ";

        Assert.That(other.Name, Is.EqualTo(" samples: é "));
        Assert.That(() => buffer.Name = new string('x', 32), Throws.InstanceOf<UioException>().With.Message.Contains("31 bytes"));
    }

    [Test]
    public void An_error_number_is_the_exceptions_result() =>
        Assert.That(Assert.Throws<UioException>(() => DmaHeap.Open("nowhere"))!.HResult, Is.EqualTo(2));

    [Test]
    public void A_negative_time_to_read_the_kernel_log_is_refused()
    {
        using var log = KernelLog.OpenAtEnd();

        Assert.That(() => log.TryRead(TimeSpan.FromSeconds(-5), out _), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static long MemoryInfo(string key) =>
        long.Parse(File.ReadLines("/proc/meminfo").Single(line => line.StartsWith(key + ":"))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) << 10;

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Drop(long length)
    {
        try
        {
            _ = DmaHeap.Cma.Allocate(length);
        }
        catch (UioException)
        {
            Assert.Fail("no collection would be needed");
        }
    }
}
