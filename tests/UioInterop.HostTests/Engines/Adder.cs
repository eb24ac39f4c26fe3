using UioInterop;

namespace MyDrivers;

/// <summary>An IP core that adds up the 32-bit words of a buffer.</summary>
public sealed class Adder(DeviceSession session) : OneShotEngine(session, DmaDirection.ToDevice)
{
    private static readonly Register<uint> Control = new(0x00, "CTRL"), Status = new(0x04, "STAT"), Sum = new(0x08, "SUM"),
        Length = new(0x18, "LEN");
    private static readonly Register<ulong> Address = new(0x10, "ADDR");
    private const uint Go = 1, Done = 1, Busy = 2, Failed = 4;

    public async ValueTask<uint> AddAsync(DmaMapping input, TimeSpan timeout, CancellationToken token = default)
    {
        await TransferAsync(input, 0, input.Length, timeout, token);
        return Registers.Read(Sum);
    }

    protected override void Start(in Transfer transfer)
    {
        Registers.WriteAddress(Address, transfer.Lease);
        Registers.Write(Length, (uint)transfer.Length);
        Registers.Write(Control, Go);
    }

    protected override EngineState Acknowledge()
    {
        uint status = Registers.Read(Status);
        Registers.Write(Status, status & (Done | Failed)); // ones clear them, and the interrupt
        if ((status & Failed) != 0)
            throw new IOException($"{this}: the bus refused the data (STAT 0x{status:x}).");
        return (status & Done) != 0 ? EngineState.Done : EngineState.Busy;
    }

    protected override QuiesceProgram StopProgram => new QuiesceProgram(Registers)
        .Write(Control, 0u)
        .PollWhile(Status, Busy, Busy, TimeSpan.FromMilliseconds(10));
}
