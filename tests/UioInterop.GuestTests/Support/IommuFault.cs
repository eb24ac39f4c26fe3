using System.Globalization;
using System.Text.RegularExpressions;

namespace UioInterop.GuestTests.Support;

/// <summary>The lines with which an IOMMU's driver reports that it refused a device's write.</summary>
/// <param name="Head">One that comes with each report and does not tell the address.</param>
/// <param name="AddressIn">The one that does, for an address without its last three digits, which may be of the page.</param>
internal sealed record IommuFault(Regex Head, Func<string, string> AddressIn)
{
    // Intel: drivers/iommu/intel/dmar.c. ARM: drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c, where 0x10 is F_TRANSLATION
    // and the third of the four words that follow is the address.
    private static readonly Dictionary<string, IommuFault> s_perDriver = new()
    {
        ["dmar"] = new(new("^DMAR: DRHD: handling fault status"), page => $@"^DMAR: \[DMA Write.*fault addr 0x{page}000\b"),
        ["smmu3"] = new(new(@"^arm-smmu-v3 \S+: event 0x10 received:"), page => $"^arm-smmu-v3 .*0x0*{page}[0-9a-f]{{3}}$"),
    };

    /// <summary>Of the IOMMU that this machine has.</summary>
    public static IommuFault OfThisMachine { get; } = s_perDriver.Single(
        each => Directory.GetFileSystemEntries("/sys/class/iommu").Any(
            iommu => Path.GetFileName(iommu).StartsWith(each.Key, StringComparison.Ordinal))).Value;

    public Regex At(DeviceAddress address) =>
        new(AddressIn((address.Value >> 12).ToString("x", CultureInfo.InvariantCulture)));
}
