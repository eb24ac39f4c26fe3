using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>
/// Calls that meet, by chance: what they return is others' business, and what the kernel finds wrong with itself meanwhile fails the
/// test.
/// </summary>
[Category(Needs.Races), Category(Needs.Handles), Category(Needs.Edu)]
internal sealed unsafe class RaceTests : AbiTest
{
    private const int Threads = 4;
    private const int Rounds = 4000;
    private const int Handles = 12;
    private const int Length = 4096;

    // docs/specs/edu.rst: command, interrupt raise and acknowledge, DMA source address.
    private const int Command = 0x98, Raise = 0x60, Acknowledge = 0x64, Source = 0x80;

    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(25);

    private static readonly string[] s_limits = ["max_mappings", "max_bytes"];

    private static readonly RawQuiesceOp s_untilIdle = new()
    {
        Kind = RawQuiesceOp.Poll, Width = 32, Register = Command, Mask = 1, Value = 0, TimeoutMicroseconds = 100_000,
    };

    private readonly List<SafeFileHandle> _opened = [];
    private SafeFileHandle[] _buffers = [];
    private SafeFileHandle _shared = null!;

    [SetUp]
    public void Share()
    {
        _buffers = [.. Enumerable.Range(0, Threads).Select(_ => Buffer())];
        _shared = Uio;
        // What two have polled for, one reads.
        Assert.That(LibC.fcntl(RawFile.Number(Uio), LibC.F_SETFL, LibC.O_NONBLOCK), Is.Zero);
    }

    [TearDown]
    public void Close()
    {
        UnderTest.Bind();
        // With the DMA mask that it had.
        UnderTest.Unbind();
        UnderTest.Bind();
        foreach (var file in _opened.Concat(_buffers))
            file.Dispose();
        _opened.Clear();
    }

    [Test]
    public void In_one_file() => AtOnce(InOneFile);

    [Test]
    public void In_files_that_come_and_go() => AtOnce(InOwnFile);

    [Test]
    public void In_register_maps() => AtOnce(InMaps);

    [Test]
    public void Of_all_kinds() => AtOnce(InOneFile, InOwnFile, InMaps, InSysfs);

    [Test]
    public void Of_all_kinds_while_the_driver_is_unbound_and_bound()
    {
        var until = Stopwatch.StartNew();
        var binder = new Thread(() =>
        {
            while (until.Elapsed < s_most / 2)
            {
                UnderTest.Unbind();
                UnderTest.Bind();
                // A file that somebody may be using is closed at the end.
                var file = RawFile.Open(UnderTest.DevicePath, LibC.O_RDWR | LibC.O_NONBLOCK);
                lock (_opened)
                    _opened.Add(file);
                Volatile.Write(ref _shared, file);
            }
        });
        binder.Start();
        AtOnce(InOneFile, InOwnFile, InMaps, InSysfs);
        binder.Join();
    }

    // They unbind and fork, too.
    [Test]
    public void Of_the_kernels_own_tests([Values("dmabuf", "edu")] string program)
    {
        Uio.Dispose();
        Selftests.Run(Needs.X64, program, UnderTest.DevicePath).AssertAllPassed();
    }

    private static void AtOnce(params Action<Random>[] kinds)
    {
        var failures = new List<Exception>();
        var clock = Stopwatch.StartNew();
        var threads = Enumerable.Range(0, Threads).Select(index => new Thread(() =>
        {
            var random = new Random(index);
            try
            {
                for (var round = 0; round < Rounds && clock.Elapsed < s_most; round++)
                    kinds[random.Next(kinds.Length)](random);
            }
            catch (Exception failure)
            {
                lock (failures)
                    failures.Add(failure);
            }
        })).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        Assert.That(failures, Is.Empty);
    }

    private void InOneFile(Random random)
    {
        var file = Volatile.Read(ref _shared);
        var buffer = _buffers[random.Next(Threads)];
        var handle = (uint)random.Next(1, Handles);
        switch (random.Next(9))
        {
            case 0 or 1:
                // The next one in place of one that is left: handles go on counting.
                if (RawHandles.Attach(file, RawFile.Number(buffer), RawArguments.ToDevice, out var attach) == 0 && random.Next(4) > 0)
                    RawHandles.Detach(file, attach.Handle);
                break;
            case 2:
                RawHandles.Detach(file, handle);
                break;
            case 3:
                RawHandles.Ranges(file, handle, 0, new RawRange[4], out _);
                break;
            case 4:
                RawHandles.Query(file, out _);
                break;
            case 5:
                RawUio.Map(file, buffer, RawArguments.ToDevice);
                break;
            case 6:
                RawUio.Unmap(file, buffer);
                break;
            case 7:
                RawHandles.WriteAddress(file, new RawWriteAddress
                {
                    Handle = handle, Length = Length, Register = Source, Format = RawHandles.Address64,
                });
                break;
            default:
                RawHandles.SetQuiesce(file, s_untilIdle);
                break;
        }
    }

    private void InOwnFile(Random random)
    {
        using var file = Open();
        if (file is null)
            return;
        if (random.Next(2) == 0)
            RawHandles.SetQuiesce(file, s_untilIdle);
        if (random.Next(8) == 0)
            RawHandles.Claim(file);
        foreach (var buffer in _buffers[random.Next(Threads)..])
            RawHandles.Attach(file, buffer);
        RawUio.Map(file, _buffers[random.Next(Threads)], RawArguments.ToDevice);
        if (random.Next(2) == 0)
            RawHandles.Detach(file, 1);
    }

    private void InMaps(Random random)
    {
        using var own = random.Next(2) == 0 ? Open() : null;
        var file = own ?? Volatile.Read(ref _shared);
        var registers = (uint*)LibC.mmap(null, Length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, RawFile.Number(file), 0);
        if (registers == LibC.MAP_FAILED)
            return;
        own?.Dispose();
        Volatile.Write(ref registers[Raise / sizeof(uint)], 1);
        uint count;
        var poll = new pollfd { fd = RawFile.Number(Volatile.Read(ref _shared)), events = LibC.POLLIN };
        if (LibC.poll(&poll, 1, 1) > 0 && (poll.revents & LibC.POLLIN) != 0)
            LibC.read(poll.fd, &count, sizeof(uint));
        Volatile.Write(ref registers[Acknowledge / sizeof(uint)], 1);
        count = (uint)random.Next(2);
        LibC.write(poll.fd, &count, sizeof(uint));
        LibC.munmap(registers, Length);
    }

    private void InSysfs(Random random)
    {
        try
        {
            var folder = $"/sys/class/uio/{Path.GetFileName(UnderTest.DevicePath)}";
            var limit = $"{folder}/dmabuf/{s_limits[random.Next(s_limits.Length)]}";
            File.WriteAllText(limit, File.ReadAllText(limit));
            File.WriteAllText($"{folder}/dmabuf/dma_mask_bits", random.Next(2) == 0 ? "32" : "64");
            foreach (var file in new DirectoryInfo($"{folder}/dmabuf").EnumerateFiles())
                File.ReadAllText(file.FullName);
            File.ReadAllText($"{folder}/event");
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            // It is in use, or has just gone.
        }
    }

    private static SafeFileHandle? Open()
    {
        try
        {
            return RawUio.Open(UnderTest.DevicePath);
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            return null;
        }
    }
}
