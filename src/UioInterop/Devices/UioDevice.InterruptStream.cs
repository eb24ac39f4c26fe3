using System.Runtime.CompilerServices;
using UioInterop.Interop;

namespace UioInterop;

// Interrupts for programs that only want to hear of them.
public sealed partial class UioDevice
{
    /// <summary>Waits as <see cref="WaitForInterruptAsync"/> does, and returns false at the timeout.</summary>
    /// <param name="timeout">How long to wait, to the millisecond; <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <param name="token">Ends the wait.</param>
    /// <returns>Whether one came. If not, the device stays armed.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <inheritdoc cref="WaitForInterruptAsync"/>
    public async ValueTask<bool> TryWaitForInterruptAsync(TimeSpan timeout, CancellationToken token = default)
    {
        try
        {
            await WaitForInterruptAsync(timeout, token).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>
    /// The device's interrupts, as they come, until the token is cancelled. Each is enabled, waited for, acknowledged, and the
    /// next enabled, before the loop's body runs. Interrupts that come meanwhile are counted, see <see cref="InterruptCount.Missed"/>.
    /// </summary>
    /// <param name="acknowledge">
    /// Clears the device's own interrupt in its registers, the first map. Null for a device that needs none, or when the loop's
    /// body does it: a level-triggered interrupt then comes again at once.
    /// </param>
    /// <param name="token">Ends the loop.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <example>
    /// <code>
    /// await foreach (InterruptCount interrupt in device.Interrupts(registers => registers.Write(Status, 1), token))
    ///     Console.WriteLine($"{interrupt.Total}, missed {interrupt.Missed}");
    /// </code>
    /// </example>
    /// <inheritdoc cref="WaitForInterruptAsync"/>
    public async IAsyncEnumerable<InterruptCount> Interrupts(
        Action<Registers>? acknowledge = null, [EnumeratorCancellation] CancellationToken token = default)
    {
        TryEnableInterrupt();
        while (true)
        {
            InterruptCount count = await WaitForInterruptAsync(Timeout.InfiniteTimeSpan, token).ConfigureAwait(false);
            acknowledge?.Invoke(Registers);
            TryEnableInterrupt();
            yield return count;
        }
    }

    /// <summary>Enables the next interrupt, unless the driver leaves that to the device's registers.</summary>
    private void TryEnableInterrupt()
    {
        try
        {
            EnableInterrupt();
        }
        catch (UioException error) when (error.Errno == Errno.ENOSYS)
        {
        }
    }
}
