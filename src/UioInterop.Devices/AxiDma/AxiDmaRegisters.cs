namespace UioInterop.Devices;

/// <summary>The registers of a channel of the AXI DMA, and their bits: PG021, "AXI DMA Register Address Map".</summary>
internal sealed class AxiDmaRegisters
{
    /// <summary>The length of both channels' registers, in bytes.</summary>
    public const int Length = 0x60;

    // DMACR
    public const uint Run = 1 << 0;
    public const uint Reset = 1 << 2;
    public const uint Cyclic = 1 << 4;

    /// <summary>Runs, and sets IOC_Irq in DMASR after each packet (threshold 1).</summary>
    public const uint RunPolled = Run | (1 << 16);

    /// <summary>The same, with an interrupt for each packet, and for errors.</summary>
    public const uint RunWithInterrupts = RunPolled | (1 << 12) | (1 << 14);

    /// <summary>Interrupts in DMASR, which ones clear: IOC, delay, error.</summary>
    public const uint Interrupts = 7 << 12;

    public static readonly AxiDmaRegisters Send = new(0x00, "MM2S", "SA");
    public static readonly AxiDmaRegisters Receive = new(0x30, "S2MM", "DA");

    private AxiDmaRegisters(int at, string channel, string address)
    {
        Channel = channel;
        Control = new Register<uint>(at, $"{channel}_DMACR");
        Status = new Register<uint>(at + 0x04, $"{channel}_DMASR");
        Current = new Register<uint>(at + 0x08, $"{channel}_CURDESC");
        Tail = new Register<uint>(at + 0x10, $"{channel}_TAILDESC");
        Address = new Register<uint>(at + 0x18, $"{channel}_{address}");
        AddressHigh = new Register<uint>(at + 0x1c, $"{channel}_{address}_MSB");
        TransferLength = new Register<uint>(at + 0x28, $"{channel}_LENGTH");
    }

    /// <summary>The guide's name for the channel.</summary>
    public string Channel { get; }

    public Register<uint> Control { get; }

    public Register<uint> Status { get; }

    public Register<uint> Current { get; }

    public Register<uint> Tail { get; }

    public Register<uint> Address { get; }

    public Register<uint> AddressHigh { get; }

    public Register<uint> TransferLength { get; }
}
