using static UioInterop.Devices.EduRegisters;

namespace UioInterop.Devices;

// Transfers to any address, which show what stands between the device and memory.
public sealed partial class EduDevice
{
    /// <summary>
    /// Starts a transfer and returns at once; the device makes it about 100 ms later. Nothing here keeps the memory mapped
    /// until then; <see cref="CopyToDevice"/> and <see cref="CopyFromDevice"/> do.
    /// </summary>
    /// <param name="transfer">Which way.</param>
    /// <param name="memory">Where the device reaches the memory.</param>
    /// <param name="length">How many bytes, 1 to <see cref="MaxTransfer"/>.</param>
    /// <param name="bufferOffset">Where to begin in the device's buffer, in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside of the device's buffer.</exception>
    /// <exception cref="InvalidOperationException">A transfer is under way.</exception>
    /// <exception cref="UioException">EINVAL, EIO: the device was unbound.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void Start(EduTransfer transfer, DeviceAddress memory, int length, int bufferOffset = 0)
    {
        CheckRange(length, bufferOffset);
        ThrowIfBusy();
        using (EnterGate())
        {
            TakeEvents();
            Device.TryWaitForInterrupt(TimeSpan.Zero, out _);
            Device.EnableInterrupt();
            Registers.Write(transfer == EduTransfer.FromDevice ? DmaDestination : DmaSource, memory.Value);
            Start(transfer, length, bufferOffset);
        }
    }

    /// <summary>Waits for the interrupt of a transfer, acknowledges it, and enables the next.</summary>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <param name="count">The interrupts that came.</param>
    /// <returns>Whether the transfer is done.</returns>
    /// <inheritdoc cref="UioDevice.TryWaitForInterrupt"/>
    public bool TryWaitForCompletion(TimeSpan timeout, out InterruptCount count)
    {
        var deadline = new Deadline(timeout);
        while (Device.TryWaitForInterrupt(deadline.Remaining, out count))
        {
            // In this order: the line is level-triggered, and enabled too early it would interrupt again at once.
            bool isDone = (TakeEvents() & InterruptDmaDone) != 0;
            Device.EnableInterrupt();
            if (isDone)
                return true;
        }

        return false;
    }
}
