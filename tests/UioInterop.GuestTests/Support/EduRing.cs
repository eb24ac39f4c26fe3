using UioInterop.Devices;

namespace UioInterop.GuestTests.Support;

/// <summary>
/// edu as a ring: each transfer out of its buffer fills one part, and its interrupt starts the next. With a tail, so that it stalls
/// while the program has all parts.
/// </summary>
internal sealed class EduRing(DeviceSession session) : RingEngine(session, isCyclic: false)
{
    // docs/specs/edu.rst, "MMIO area spec".
    private static readonly Register<uint> s_status = new(0x24, "interrupt status");
    private static readonly Register<uint> s_acknowledge = new(0x64, "interrupt acknowledge");
    private static readonly Register<ulong> s_source = new(0x80, "DMA source address");
    private static readonly Register<ulong> s_destination = new(0x88, "DMA destination address");
    private static readonly Register<ulong> s_count = new(0x90, "DMA transfer count");
    private static readonly Register<ulong> s_command = new(0x98, "DMA command");

    private readonly Queue<TransferLease> _free = new();
    private bool _isRunning;

    public const int Length = EduDevice.MaxTransfer;

    protected override void Start(ReadOnlySpan<TransferLease> parts)
    {
        _free.Clear();
        foreach (var part in parts)
            _free.Enqueue(part);
        Device.Pci!.BusMaster = true;
        StartNext();
    }

    protected override int Acknowledge(InterruptCount count)
    {
        var status = Registers.Read(s_status);
        Registers.Write(s_acknowledge, status);
        if ((status & 0x100) == 0 || !_isRunning)
            return 0;
        StartNext();
        return 1;
    }

    protected override void GiveBack(int part, TransferLease lease)
    {
        _free.Enqueue(lease);
        if (!_isRunning)
            StartNext();
    }

    protected override void Reset()
    {
        Device.Pci!.BusMaster = false;
        if (!Registers.WaitFor(s_command, 1, 0, Bound.Long))
            throw new TimeoutException("edu stays busy.");
        Registers.Write(s_acknowledge, Registers.Read(s_status));
        _isRunning = false;
    }

    private void StartNext()
    {
        _isRunning = _free.TryDequeue(out var part);
        if (!_isRunning)
            return;
        Registers.Write(s_source, 0x40000);
        Registers.WriteAddress(s_destination, part);
        Registers.Write(s_count, Length);
        Registers.Write(s_command, 0b111); // start, from the device, with an interrupt
    }
}
