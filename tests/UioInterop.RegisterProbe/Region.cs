namespace UioInterop.RegisterProbe;

/// <summary>QEMU's names for the registers of a device.</summary>
public static class Region
{
    public const string Edu = "edu-mmio";

    public const string SdHost = "sdhci";
}
