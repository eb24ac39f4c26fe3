// A driver for an IP core of one's own, and a program that uses it. The core is modelled in tests/logic/cores/sum.c.
//   ./build.sh run src/Samples/own-ip.cs --machine zcu102-logic
#:project ../UioInterop
using UioInterop;

using DeviceSession session = DeviceSession.Open(UioDeviceId.FromName("sum"));
var adder = new Adder(session);
using var numbers = session.Device.Allocate<uint>(1000, DmaDirection.ToDevice);
numbers.Write([.. Enumerable.Range(1, 1000).Select(i => (uint)i)]);

Console.WriteLine($"1 + … + 1000 = {await adder.AddAsync(numbers, TimeSpan.FromSeconds(30))}");

// Registers, how to start, how to acknowledge, how to stop: the engine does the rest.
public sealed class Adder(DeviceSession session) : OneShotEngine(session, DmaDirection.ToDevice)
{
    private static readonly Register<uint> s_control = new(0x00, "CONTROL"), s_status = new(0x04, "STATUS"),
        s_length = new(0x18, "LENGTH"), s_sum = new(0x1c, "SUM");
    private static readonly Register<ulong> s_source = new(0x10, "SOURCE");
    private const uint Go = 1, Done = 1, Busy = 2, Failed = 4;

    public async Task<uint> AddAsync(DmaMapping numbers, TimeSpan timeout)
    {
        await TransferAsync(numbers, 0, numbers.Length, timeout);
        return Registers.Read(s_sum);
    }

    protected override void Start(in Transfer transfer)
    {
        Registers.WriteAddress(s_source, transfer.Lease);
        Registers.Write(s_length, (uint)transfer.Length);
        Registers.Write(s_control, Go);
    }

    protected override EngineState Acknowledge()
    {
        uint status = Registers.Read(s_status);
        Registers.Write(s_status, status & (Done | Failed));  // ones clear them, and the interrupt
        if ((status & Failed) != 0)
            throw new IOException($"{this}: the bus refused the data (STATUS 0x{status:x}).");
        return (status & Done) != 0 ? EngineState.Done : EngineState.Busy;
    }

    protected override QuiesceProgram StopProgram => new QuiesceProgram(Registers)
        .Write(s_control, 0u)
        .PollWhile(s_status, Busy, Busy, TimeSpan.FromMilliseconds(10));
}
