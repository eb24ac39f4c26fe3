using System.Buffers.Binary;
using UioInterop.Interop;

namespace UioInterop;

// The interrupt.
public sealed partial class UioDevice
{
    private readonly InterruptSource _interrupts;

    /// <summary>
    /// Waits for an interrupt. An interrupt that came since the last wait, or since the device was opened, counts. The wait does
    /// not enable the next one: acknowledge the interrupt in the device's registers, then call <see cref="EnableInterrupt"/>.
    /// </summary>
    /// <param name="timeout">How long to wait; zero does not wait, <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <param name="count">How many interrupts there were. With more than one thread waiting, each is reported to one.</param>
    /// <returns>Whether one came. If not, the device stays armed.</returns>
    /// <exception cref="UioException">EIO: the device has no interrupt, or has been unbound.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed, perhaps while this waited.</exception>
    public bool TryWaitForInterrupt(TimeSpan timeout, out InterruptCount count) =>
        _interrupts.TryWait(timeout, out count, evenWhenStopped: IsQuiescer);

    /// <summary>
    /// Waits as <see cref="TryWaitForInterrupt"/> does, without a thread. One wait at a time; nothing is allocated for it.
    /// </summary>
    /// <param name="timeout">How long to wait, to the millisecond; <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <param name="token">Ends the wait. An interrupt that comes later is for the next.</param>
    /// <returns>How many interrupts there were. Await it once.</returns>
    /// <exception cref="TimeoutException">None came in time. The device stays armed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="InvalidOperationException">Another asynchronous wait of this device is under way.</exception>
    /// <exception cref="UioException">EIO: the device has no interrupt, or has been unbound, perhaps while this waited.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed, perhaps while this waited.</exception>
    public ValueTask<InterruptCount> WaitForInterruptAsync(TimeSpan timeout, CancellationToken token = default) =>
        _interrupts.WaitAsync(timeout, token);

    /// <summary>
    /// Lets the next interrupt through. It writes 1 to the device; uio_pci_generic does not take that, so there it clears the
    /// INTx-disable bit of the PCI function.
    /// </summary>
    /// <exception cref="UioException">
    /// ENOSYS: the driver has no irqcontrol. EIO: the device has no interrupt. EINVAL: it was unbound. EACCES, EPERM, ENODEV: the
    /// configuration space of its PCI function cannot be opened, which needs root.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void EnableInterrupt()
    {
        // Without the lock, which may be held for as long as an import takes.
        ThrowIfDisposed();

        // For uio_pci_generic, too: the answer tells whether the function still belongs to this device, not to another driver.
        Span<byte> enable = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(enable, 1);
        int result = Syscalls.Write(_file, enable);
        if (result == -Errno.ENOSYS && IsPciGeneric)
            (_pci ?? Pci ?? throw UioException.From(Calls.OpenConfig, Info.DevicePath, -Errno.ENODEV)).InterruptDisabled = false;
        else if (result < 0)
            throw UioException.From(Calls.EnableInterrupt, Info.DevicePath, result);
    }

    /// <summary>The interrupt as <see cref="DeviceSession"/> waits for it.</summary>
    internal InterruptSource Interrupt => _interrupts;

    /// <summary>Whether an awaiter resumes in the thread that noticed the interrupt.</summary>
    internal bool ContinuesInline => _options.ContinueInline;
}
