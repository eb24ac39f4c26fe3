namespace UioInterop.Devices;

/// <summary>The registers of a ZDMA channel, and their bits, as UG1087 has them (module ZDMA).</summary>
internal static class ZynqMpDmaRegisters
{
    /// <summary>How many bytes they take.</summary>
    public const int Length = 0x204;

    public static readonly Register<uint> InterruptStatus = new(0x100, "ZDMA_CH_ISR"); // writing ones clears them
    public static readonly Register<uint> InterruptMask = new(0x104, "ZDMA_CH_IMR"); // a one is disabled
    public static readonly Register<uint> InterruptEnable = new(0x108, "ZDMA_CH_IEN");
    public static readonly Register<uint> InterruptDisable = new(0x10c, "ZDMA_CH_IDS");
    public static readonly Register<uint> Control0 = new(0x110, "ZDMA_CH_CTRL0");
    public static readonly Register<uint> Status = new(0x11c, "ZDMA_CH_STATUS");
    public static readonly Register<uint> DataAttributes = new(0x120, "ZDMA_CH_DATA_ATTR");
    public static readonly Register<uint> DescriptorAttributes = new(0x124, "ZDMA_CH_DSCR_ATTR");
    public static readonly Register<uint> SourceWord0 = new(0x128, "ZDMA_CH_SRC_DSCR_WORD0"); // address
    public static readonly Register<uint> SourceWord1 = new(0x12c, "ZDMA_CH_SRC_DSCR_WORD1"); // address, upper part
    public static readonly Register<uint> SourceWord2 = new(0x130, "ZDMA_CH_SRC_DSCR_WORD2"); // length
    public static readonly Register<uint> SourceWord3 = new(0x134, "ZDMA_CH_SRC_DSCR_WORD3"); // control
    public static readonly Register<uint> DestinationWord0 = new(0x138, "ZDMA_CH_DST_DSCR_WORD0");
    public static readonly Register<uint> DestinationWord1 = new(0x13c, "ZDMA_CH_DST_DSCR_WORD1");
    public static readonly Register<uint> DestinationWord2 = new(0x140, "ZDMA_CH_DST_DSCR_WORD2");
    public static readonly Register<uint> DestinationWord3 = new(0x144, "ZDMA_CH_DST_DSCR_WORD3");
    public static readonly Register<uint> SourceListLow = new(0x158, "ZDMA_CH_SRC_START_LSB");
    public static readonly Register<uint> SourceListHigh = new(0x15c, "ZDMA_CH_SRC_START_MSB");
    public static readonly Register<uint> DestinationListLow = new(0x160, "ZDMA_CH_DST_START_LSB");
    public static readonly Register<uint> DestinationListHigh = new(0x164, "ZDMA_CH_DST_START_MSB");
    public static readonly Register<uint> Control2 = new(0x200, "ZDMA_CH_CTRL2");

    // ZDMA_CH_ISR, _IMR, _IEN, _IDS: the bits are ZynqMpDmaEvents.
    public const uint AllEvents = 0xfff;
    public const uint EnabledEvents = (uint)(ZynqMpDmaException.Errors | ZynqMpDmaEvents.Done);

    // ZDMA_CH_CTRL0. MODE, bits 5:4, stays 0: read and write.
    public const uint Overfetch = 1 << 7; // OVR_FETCH, set after reset
    public const uint ScatterGather = 1 << 6; // POINT_TYPE: descriptors in memory, otherwise in the registers
    public const uint Continue = 1 << 1; // CONT: ends a pause

    // ZDMA_CH_STATUS, STATE. 0 is done, 3 done with an error.
    public const uint StateMask = 3;
    public const uint StatePaused = 1;
    public const uint StateBusy = 2;

    // ZDMA_CH_DATA_ATTR after reset: bursts with rising addresses, 16 transfers each.
    public const uint DefaultDataAttributes = 0x0483d20f;

    // ZDMA_CH_CTRL2
    public const uint Enable = 1;
}
