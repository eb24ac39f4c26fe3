namespace UioInterop.GuestTests.Logic;

/// <summary>The driver of the example core that adds up the words of a buffer (tests/logic/cores/sum.c), all of it.</summary>
internal sealed class Adder(DeviceSession session) : OneShotEngine(session, DmaDirection.ToDevice)
{
    private const uint Done = 1, Busy = 2, Error = 4;

    private static readonly Register<uint> s_control = new(0x00, "CONTROL");
    private static readonly Register<uint> s_status = new(0x04, "STATUS");
    private static readonly Register<uint> s_source = new(0x10, "SOURCE");
    private static readonly Register<uint> s_sourceHigh = new(0x14, "SOURCE_HIGH");
    private static readonly Register<uint> s_length = new(0x18, "LENGTH");
    private static readonly Register<uint> s_sum = new(0x1c, "SUM");

    /// <summary>Adds up all of a buffer.</summary>
    public async Task<uint> AddAsync(DmaMapping input, TimeSpan timeout)
    {
        await TransferAsync(input, 0, input.Length, timeout);
        return Registers.Read(s_sum);
    }

    protected override void Start(in Transfer transfer)
    {
        Registers.WriteAddress(s_source, s_sourceHigh, transfer.Lease);
        Registers.Write(s_length, (uint)transfer.Length);
        Registers.Write(s_control, 1u);
    }

    protected override EngineState Acknowledge()
    {
        uint status = Registers.Read(s_status);
        Registers.Write(s_status, status & (Done | Error));
        if ((status & Error) != 0)
            throw new IOException($"{this} reached memory that is not there.");
        return (status & Done) != 0 ? EngineState.Done : EngineState.Busy;
    }

    protected override QuiesceProgram StopProgram => new QuiesceProgram(Registers)
        .Write(s_control, 0u)
        .Write(s_status, Done | Error)
        .PollWhile(s_status, Busy, Busy, TimeSpan.FromMilliseconds(10));
}
