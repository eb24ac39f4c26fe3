using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// A PCI function by its address: the few things about it that a UIO driver leaves to user space.
/// </summary>
/// <remarks>
/// Works on <c>config</c>, <c>driver_override</c> and <c>drivers_probe</c> in /sys/bus/pci, see
/// Documentation/PCI/sysfs-pci.rst and Documentation/ABI/testing/sysfs-bus-pci; takes root. Register numbers are those
/// of the PCI Local Bus Specification 3.0, section 6.2. Thread-safe.
/// </remarks>
public sealed class PciFunction : IDisposable
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

    /// <summary>The driver that the function is bound to; null when there is none.</summary>
    public string? Driver => SysFs.LinkName($"{Folder(Address)}/driver");

    /// <summary>
    /// Whether the function may access memory by itself (command register, bit 2). Switched off, its DMA reaches
    /// nothing, whatever it has been told. uio_pci_generic switches it off whenever any file of the device is closed.
    /// </summary>
    public bool BusMaster
    {
        get => (Read16(Command) & BusMasterBit) != 0;
        set
        {
            // The lower half by itself: the kernel's interrupt handler sets the INTx-disable bit at any time, and writing
            // that back would undo it.
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
    /// Whether the function's INTx interrupt is held back (command register, bit 10). uio_pci_generic sets it with every
    /// interrupt; clearing it enables the next (Documentation/driver-api/uio-howto.rst).
    /// </summary>
    public bool InterruptDisabled
    {
        get => (Read16(Command) & IntxDisableBit) != 0;
        set
        {
            // Both halves: QEMU 7.2 looks for an interrupt that is pending only when a write covers the first byte of the
            // register, and one that came between its acknowledgement and this would be lost.
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

    /// <summary>
    /// Binds the function to a driver, such as <c>uio_pci_generic</c>, by <c>driver_override</c>. Does nothing when it is
    /// bound to that driver already. A function that another driver has is left alone.
    /// </summary>
    /// <param name="driver">The driver's name in /sys/bus/pci/drivers.</param>
    /// <exception cref="UioException">There is no such driver, another has the function, or this one refused it.</exception>
    public void Bind(string driver)
    {
        ArgumentException.ThrowIfNullOrEmpty(driver);
        if (Driver is { } current)
        {
            if (current == driver)
                return;

            throw new UioException(Calls.Bind, Address, Errno.EBUSY,
                $"its driver is {current}: if that can be spared, write {Address} to {Bus}/drivers/{current}/unbind first");
        }

        if (!Directory.Exists($"{Bus}/drivers/{driver}"))
        {
            throw UioException.NotFound(Calls.Bind, Address,
                $"the kernel has no PCI driver {driver}: modprobe {driver}, or build it in (CONFIG_{driver.ToUpperInvariant()}=y)");
        }

        WriteAttribute($"{Folder(Address)}/driver_override", driver);
        WriteAttribute($"{Bus}/drivers_probe", Address);
        if (Driver != driver)
        {
            throw UioException.NotFound(Calls.Bind, Address,
                $"{driver} did not take the function; the kernel log says why (uio_pci_generic takes none without an INTx interrupt)");
        }
    }

    /// <summary>Closes the file of the configuration space. Nothing changes in the function.</summary>
    public void Dispose() => _config.Dispose();

    private static string Folder(string address) => $"{Bus}/devices/{address}";

    private static bool IsId(string path, ushort id) =>
        SysFs.Read(path) == "0x" + id.ToString("x4", CultureInfo.InvariantCulture);

    private static void WriteAttribute(string path, string value)
    {
        int result = Syscalls.Open(path, LibC.O_WRONLY, out SafeFileHandle? file);
        if (result >= 0)
        {
            using (file)
                result = Syscalls.Write(file!, System.Text.Encoding.ASCII.GetBytes(value));
        }

        if (result < 0)
            throw UioException.From(Calls.Bind, path, result);
    }

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
