using UioInterop.Interop;

namespace UioInterop;

// The maps of registers.
public sealed partial class UioDevice
{
    private readonly SortedDictionary<int, Registers> _registers = [];

    /// <summary>The registers in one of the device's maps. Asking twice returns the same object.</summary>
    /// <param name="index">The map's number, as in <see cref="UioDeviceInfo.Maps"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The device has no such map.</exception>
    /// <exception cref="UioException">The kernel does not let it be mapped.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public Registers GetRegisters(int index)
    {
        lock (_gate)
        {
            ThrowIfDisposed();
            if (_registers.TryGetValue(index, out Registers? known))
                return known;

            UioMapInfo info = Info.Maps.FirstOrDefault(m => m.Index == index)
                ?? throw new ArgumentOutOfRangeException(nameof(index), index,
                    $"{Info} has no such map; it has: {Join(Info.Maps)}{WhyNoMap}.");
            var registers = Registers.Create(this, _file, info);
            _registers.Add(index, registers);
            return registers;
        }
    }

    /// <summary>For tests: registers in memory of their own.</summary>
    internal void AddMap(UioMapInfo info, MemoryMap map) => _registers.Add(info.Index, new Registers(this, info, map));

    /// <summary>The registers in the device's first map: <see cref="GetRegisters"/> with 0.</summary>
    /// <inheritdoc cref="GetRegisters"/>
    public Registers Registers => GetRegisters(0);

    /// <summary>In words, why uio_pci_generic makes no map of a BAR, and how to map it.</summary>
    private string WhyNoMap
    {
        get
        {
            if (!IsPciGeneric || PciFunction.ResourcesOf(Info.ParentName) is not { Count: > 0 } resources)
                return "";

            return $". {PciGeneric} makes maps of 32-bit memory BARs only, and none of 64-bit or prefetchable ones. "
                + $"Those can be mapped from {string.Join(", ", resources)}, by hand. Such a map does not belong to the UioDevice: "
                + "it stays when that is disposed, or when another driver takes the function";
        }
    }

    /// <summary>Asks the kernel to write a bus address into a register.</summary>
    void IRegisterOwner.WriteAddress(in WriteAddressArguments write)
    {
        lock (_gate)
        {
            ThrowIfDisposed();
            int result = Shim.WriteAddress(FileNumber, write);
            if (result < 0)
                throw UioException.From(Calls.WriteAddress, Info.DevicePath, result);
        }
    }

    private static string Join<T>(IReadOnlyCollection<T> items) => items.Count == 0 ? "none" : string.Join(", ", items);
}
