namespace UioInterop.Devices;

/// <summary>edu's registers, and their bits. Names in quotation marks are those of QEMU's docs/specs/edu.rst.</summary>
internal static class EduRegisters
{
    // "MMIO area spec". Up to 0x80 the device answers accesses of 32 bits only, from there on 32 and 64.
    public static readonly Register<uint> Identification = new(0x00, "identification");
    public static readonly Register<uint> InterruptStatus = new(0x24, "interrupt status");
    public static readonly Register<uint> InterruptAcknowledge = new(0x64, "interrupt acknowledge");
    public static readonly Register<ulong> DmaSource = new(0x80, "DMA source address");
    public static readonly Register<ulong> DmaDestination = new(0x88, "DMA destination address");
    public static readonly Register<ulong> DmaCount = new(0x90, "DMA transfer count");
    public static readonly Register<ulong> DmaCommand = new(0x98, "DMA command");

    // "0xRRrr00edu", RR and rr being the major and minor version.
    public const uint IdentificationMask = 0x0000ffff;
    public const uint IdentificationValue = 0x000000ed;

    // "DMA command register (RW)".
    public const ulong CommandStart = 1 << 0;
    public const ulong CommandFromDevice = 1 << 1;
    public const ulong CommandInterrupt = 1 << 2;

    // The interrupt that a transfer raises when it is done.
    public const uint InterruptDmaDone = 0x100;

    // "DMA controller": where the device's buffer is, in its own address space.
    public const ulong BufferAddress = 0x40000;
    public const int BufferLength = 4096;
}
