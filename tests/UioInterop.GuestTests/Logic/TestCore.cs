using Microsoft.Win32.SafeHandles;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>When the test core interrupts.</summary>
internal enum CoreInterrupt : uint
{
    WhenDone, Twice, Never, BeforeTheData,
}

/// <summary>
/// The test core (tests/logic/cores/test-core.c) as a test sees it: its first page is what a driver would have, its second
/// tells it how to behave.
/// </summary>
internal sealed class TestCore : IDisposable
{
    public const string Name = "test-core";
    public const uint Done = 1, Error = 2, Busy = 4;
    public const uint Never = uint.MaxValue;

    public static readonly Register<uint> Control = new(0x04, "CONTROL");
    public static readonly Register<uint> Status = new(0x08, "STATUS");
    public static readonly Register<uint> AddressLow = new(0x10, "ADDRESS");
    public static readonly Register<uint> AddressHigh = new(0x14, "ADDRESS_HIGH");
    public static readonly Register<uint> Length = new(0x18, "LENGTH");
    public static readonly Register<uint> FillByte = new(0x1c, "FILL");

    private const uint Start = 1, Stop = 2, EnableInterrupt = 4;
    private static readonly Register<uint> s_duration = new(0x00, "DURATION");
    private static readonly Register<uint> s_interrupt = new(0x04, "INTERRUPT");
    private static readonly Register<uint> s_report = new(0x08, "ERROR");
    private static readonly Register<uint> s_stop = new(0x0c, "STOP");
    private static readonly Register<uint> s_late = new(0x10, "LATE");
    private static readonly Register<uint> s_beyond = new(0x14, "BEYOND");
    private static readonly Register<uint> s_written = new(0x18, "WRITTEN");
    private static readonly Register<uint> s_stops = new(0x1c, "STOPS");

    private readonly Registers _choices;

    private TestCore(string name)
    {
        Device = UioDevice.Open(UioDeviceId.FromName(name), new UioOpenOptions { IsExclusive = false });
        Registers = Device.Registers;
        _choices = Device.GetRegisters(1);
        Behave();
    }

    public static TestCore Open(string name = Name) => new(name);

    public UioDevice Device { get; }

    public Registers Registers { get; }

    public TimeSpan Duration { set => _choices.Write(s_duration, (uint)value.TotalMicroseconds); }

    public CoreInterrupt Interrupt { set => _choices.Write(s_interrupt, (uint)value); }

    /// <summary>What it reports at the end; 0 is none.</summary>
    public uint Report { set => _choices.Write(s_report, value); }

    /// <summary>How long a stop takes; null ignores it.</summary>
    public TimeSpan? StopTime { set => _choices.Write(s_stop, value is { } time ? (uint)time.TotalMicroseconds : Never); }

    /// <summary>So long after it said done, it writes everything once more; zero is never.</summary>
    public TimeSpan LateWrite { set => _choices.Write(s_late, (uint)value.TotalMicroseconds); }

    /// <summary>How many bytes it writes behind the end.</summary>
    public uint Beyond { set => _choices.Write(s_beyond, value); }

    /// <summary>How many bytes it has written, ever.</summary>
    public uint Written => _choices.Read(s_written);

    /// <summary>How often it was told to stop.</summary>
    public uint Stops => _choices.Read(s_stops);

    public bool IsBusy => (Registers.Read(Status) & Busy) != 0;

    /// <summary>As a core that does what it should, in no time.</summary>
    public void Behave()
    {
        foreach (var choice in (ReadOnlySpan<Register<uint>>)[s_duration, s_interrupt, s_report, s_stop, s_late, s_beyond])
            _choices.Write(choice, 0);
        Registers.Write(Control, Stop);
        Assert.That(Registers.WaitFor(Status, Busy, 0, Bound.Long), Is.True, "it does not come to rest");
        Registers.Write(Status, Done | Error);
    }

    /// <summary>Has it fill memory with a byte.</summary>
    public void Fill(DeviceAddress address, uint length, byte with)
    {
        Registers.Write(AddressLow, (uint)address.Value);
        Registers.Write(AddressHigh, (uint)(address.Value >> 32));
        Registers.Write(Length, length);
        Registers.Write(FillByte, with);
        Registers.Write(Control, Start | EnableInterrupt);
    }

    /// <summary>
    /// Imports a buffer through a file of the core, and tells the kernel how to stop it. Returns where the core reaches the buffer.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="buffer">The buffer.</param>
    /// <param name="patience">How long the kernel polls; null tells it nothing.</param>
    public static DeviceAddress Attach(SafeFileHandle file, SafeFileHandle buffer, TimeSpan? patience)
    {
        if (patience is { } time)
        {
            ReadOnlySpan<RawQuiesceOp> program =
            [
                new() { Kind = RawQuiesceOp.Write, Width = 32, Register = (ulong)Control.Offset, Value = Stop },
                new()
                {
                    Kind = RawQuiesceOp.Poll, Width = 32, Register = (ulong)Status.Offset, Mask = Busy,
                    TimeoutMicroseconds = (uint)time.TotalMicroseconds,
                },
            ];
            Assert.That(RawHandles.SetQuiesce(file, program), Is.Zero);
        }

        var attached = RawHandles.Attached(file, buffer, RawArguments.FromDevice);
        return new DeviceAddress(RawHandles.AllRanges(file, attached).Single().Address);
    }

    /// <summary>Returns when a core has worked for 200 ms: another could have written in that time, too.</summary>
    public static void LetTimePass()
    {
        using var clock = Open("test-core-ranges");
        clock.Duration = TimeSpan.FromMilliseconds(200);
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var mapping = clock.Device.Import(buffer, DmaDirection.FromDevice);
        clock.Fill(mapping.Address, 4096, with: 1);
        Assert.That(() => clock.IsBusy, Is.False.After(Bound.LongMilliseconds, 5));
    }

    public void Dispose()
    {
        Behave();
        Device.Dispose();
    }
}
