using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// A PCI function, and the few bits of its configuration space that a UIO driver leaves to user space.
/// </summary>
/// <remarks>
/// Works on <c>config</c> in /sys/bus/pci/devices, see Documentation/PCI/sysfs-pci.rst; needs root. Register numbers are those
/// of the PCI Local Bus Specification 3.0, section 6.2. Thread-safe. <see cref="DriverBinding"/> gives a function to a driver.
/// </remarks>
public sealed partial class PciFunction : IDisposable
{
    private const string Bus = "/sys/bus/pci";

    private const int Command = 4;
    private const ushort BusMasterBit = 1 << 2;
    private const ushort IntxDisableBit = 1 << 10;

    private readonly Lock _gate = new();
    private readonly SafeFileHandle _config;
    private readonly string _configPath;

    private PciFunction(string address, SafeFileHandle config, string configPath)
    {
        Address = address;
        _config = config;
        _configPath = configPath;
    }

    /// <summary>The address: <c>0000:00:02.0</c>.</summary>
    public string Address { get; }

    /// <summary>The vendor's number.</summary>
    public ushort VendorId => Read16(0);

    /// <summary>The vendor's number for the device.</summary>
    public ushort DeviceId => Read16(2);

    /// <summary>
    /// Whether the function may master the bus (command register, bit 2). While it is off, its DMA reaches nothing.
    /// uio_pci_generic switches it off whenever any file of the device is closed.
    /// </summary>
    public bool BusMaster
    {
        get => (Read16(Command) & BusMasterBit) != 0;
        set
        {
            // Writes the lower half by itself: the kernel's interrupt handler may set the INTx-disable bit at any time, and a
            // write of the upper half could clear it again.
            Span<byte> half = stackalloc byte[1];
            lock (_gate)
            {
                Check(Syscalls.ReadAt(_config, Command, half), half.Length);
                half[0] = (byte)(value ? half[0] | BusMasterBit : half[0] & ~BusMasterBit);
                Check(Syscalls.WriteAt(_config, Command, half), half.Length);
            }
        }
    }

    /// <summary>
    /// Whether the function's INTx interrupt is masked (command register, bit 10). uio_pci_generic sets it with every
    /// interrupt; clearing it enables the next (Documentation/driver-api/uio-howto.rst).
    /// </summary>
    public bool InterruptDisabled
    {
        get => (Read16(Command) & IntxDisableBit) != 0;
        set
        {
            // Writes both halves: QEMU 7.2 looks for a pending interrupt only when a write covers the register's first byte. An
            // interrupt that came between its acknowledgement and this write would be lost.
            Span<byte> command = stackalloc byte[sizeof(ushort)];
            lock (_gate)
            {
                ushort now = Read16(Command);
                BinaryPrimitives.WriteUInt16LittleEndian(command, (ushort)(value ? now | IntxDisableBit : now & ~IntxDisableBit));
                Check(Syscalls.WriteAt(_config, Command, command), command.Length);
            }
        }
    }

    /// <summary>The addresses of all functions with these numbers, in order.</summary>
    /// <param name="vendorId">The vendor's number, as <see cref="VendorId"/>.</param>
    /// <param name="deviceId">The vendor's number for the device, as <see cref="DeviceId"/>.</param>
    public static IReadOnlyList<string> Find(ushort vendorId, ushort deviceId)
    {
        var found = new List<string>();
        foreach (string folder in SysFs.SubFolders($"{Bus}/devices"))
        {
            if (IsId($"{folder}/vendor", vendorId) && IsId($"{folder}/device", deviceId))
                found.Add(Path.GetFileName(folder));
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>Opens the function at an address.</summary>
    /// <param name="address">The address: <c>0000:00:02.0</c>.</param>
    /// <exception cref="UioException">There is none, or the process is not root.</exception>
    public static PciFunction Open(string address)
    {
        ArgumentException.ThrowIfNullOrEmpty(address);
        string path = $"{Folder(address)}/config";
        int result = Syscalls.Open(path, LibC.O_RDWR, out SafeFileHandle? config);
        return result < 0 ? throw UioException.From(Calls.OpenConfig, path, result) : new PciFunction(address, config!, path);
    }

    /// <summary>Whether a name is a PCI address, and there is such a function.</summary>
    /// <param name="address">The name, such as <see cref="UioDeviceInfo.ParentName"/>.</param>
    public static bool Exists(string address) => !string.IsNullOrEmpty(address) && File.Exists($"{Folder(address)}/config");

    /// <summary>The function in words: <c>PCI function 0000:00:02.0</c>. Its configuration space is not read.</summary>
    public override string ToString() => $"PCI function {Address}";

    /// <summary>The files in sysfs from which its memory BARs can be mapped.</summary>
    internal static IReadOnlyList<string> ResourcesOf(string address)
    {
        const int BarCount = 6;
        return [.. Enumerable.Range(0, BarCount).Select(bar => $"{Folder(address)}/resource{bar}").Where(File.Exists)];
    }

    /// <summary>Closes the file of the configuration space. Nothing changes in the function.</summary>
    public void Dispose() => _config.Dispose();

    /// <summary>
    /// Reads an address as the kernel and lspci write it: <c>0000:00:02.0</c>, the domain of 0000 left out or not.
    /// </summary>
    /// <param name="text">The address.</param>
    /// <param name="address">It as the kernel writes it.</param>
    internal static bool TryParseAddress(string text, out string address)
    {
        Match match = AddressPattern().Match(text);
        address = match.Success
            ? $"{(match.Groups["domain"] is { Success: true } domain ? domain.Value : "0000")}:{match.Groups["rest"].Value}"
                .ToLowerInvariant()
            : "";
        return match.Success;
    }

    // A domain has four digits and, behind some host bridges (Intel VMD), more; a bus 32 devices; a device 8 functions.
    [GeneratedRegex("^((?<domain>[0-9a-f]{4,8}):)?(?<rest>[0-9a-f]{2}:[01][0-9a-f]\\.[0-7])\\z",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex AddressPattern();

    private static string Folder(string address) => $"{Bus}/devices/{address}";

    private static bool IsId(string path, ushort id) =>
        SysFs.Read(path) == "0x" + id.ToString("x4", CultureInfo.InvariantCulture);

    private ushort Read16(int offset)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        Check(Syscalls.ReadAt(_config, offset, bytes), bytes.Length);
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    private void Check(int result, int length)
    {
        if (result != length)
            throw UioException.From(Calls.ConfigAccess, _configPath, result < 0 ? result : -Errno.EIO);
    }
}
