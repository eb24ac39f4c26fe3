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
    public Registers Map(int index = 0)
    {
        lock (_gate)
        {
            ThrowIfDisposed();
            if (_registers.TryGetValue(index, out Registers? known))
                return known;

            UioMapInfo info = Info.Maps.FirstOrDefault(m => m.Index == index)
                ?? throw new ArgumentOutOfRangeException(nameof(index), index, $"{Info} has no such map; it has: {Join(Info.Maps)}.");

            // UIO's way to say which map: its number as the page offset.
            int result = MemoryMap.Create(_file, (long)index * Syscalls.PageSize, Syscalls.RoundUpToPages(info.Size), out MemoryMap? map);
            if (result < 0)
                throw UioException.From(Calls.MapRegisters, Info.DevicePath, result);

            var registers = new Registers(this, info, map!);
            _registers.Add(index, registers);
            return registers;
        }
    }

    /// <summary>For tests: registers in memory of their own.</summary>
    internal void AddMap(UioMapInfo info, MemoryMap map) => _registers.Add(info.Index, new Registers(this, info, map));

    /// <summary>Has the kernel write a bus address into a register.</summary>
    internal void WriteAddress(in WriteAddressArguments write)
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
