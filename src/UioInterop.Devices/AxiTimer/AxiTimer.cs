using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace UioInterop.Devices;

/// <summary>The first timer of Xilinx's AXI Timer. It counts the cycles of its bus, and interrupts at the end of each period.</summary>
/// <remarks>
/// <para>Registers: AXI Timer LogiCORE IP Product Guide (PG079), "Register Space"; generate mode, counting down, reloading.</para>
/// <para>A driver for a core that moves no data: a device, its registers, its interrupts.</para>
/// </remarks>
/// <example>
/// <code>
/// using AxiTimer timer = AxiTimer.Open("axi-timer-0", frequency: 100_000_000);
/// await foreach (InterruptCount tick in timer.Ticks(TimeSpan.FromMilliseconds(10), token))
///     Console.WriteLine($"{tick.Total}, missed {tick.Missed}");
/// </code>
/// </example>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class AxiTimer : IDisposable
{
    // TCSR0. The interrupt is cleared by writing a one.
    private const uint Down = 1 << 1, Reload = 1 << 4, Load = 1 << 5, Enabled = 1 << 7, Interrupt = 1 << 8;
    private const uint Running = Down | Reload | (1 << 6) | Enabled; // and its interrupt enabled

    // A period is two cycles longer than the value loaded (PG079, "Generate Mode").
    private const int Overhead = 2;

    private static readonly Register<uint> s_control = new(0x00, "TCSR0"), s_load = new(0x04, "TLR0"), s_counter = new(0x08, "TCR0");

    private bool _closed;

    private AxiTimer(UioDevice device, long frequency) => (Device, Frequency) = (device, frequency);

    /// <summary>The device.</summary>
    public UioDevice Device { get; }

    /// <summary>How fast it counts, in Hz.</summary>
    public long Frequency { get; }

    /// <summary>How many cycles are left until the next interrupt.</summary>
    public uint Counter => Device.Registers.Read(s_counter);

    /// <summary>Whether it counts.</summary>
    public bool IsRunning => (Device.Registers.Read(s_control) & Enabled) != 0;

    /// <summary>Opens a timer, and stops it.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="frequency">The clock of its bus (s_axi_aclk), in Hz.</param>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <exception cref="ArgumentOutOfRangeException">The frequency is not positive.</exception>
    /// <inheritdoc cref="UioDevice.Open(UioDeviceId, UioOpenOptions?)"/>
    public static AxiTimer Open(UioDeviceId id, long frequency, UioOpenOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(frequency);
        var timer = new AxiTimer(UioDevice.Open(id, options), frequency);
        try
        {
            timer.Stop();
            return timer;
        }
        catch
        {
            timer.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Starts the timer, and returns the end of each period, until the token is cancelled or the loop is left. Then it stops.
    /// </summary>
    /// <param name="period">How long a period is. It is rounded to cycles: 2 to 2^32 + 1.</param>
    /// <param name="token">Ends the loop.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The counter's 32 bits are too few for the period, or it has less than two cycles.
    /// </exception>
    /// <inheritdoc cref="UioDevice.Interrupts"/>
    public IAsyncEnumerable<InterruptCount> Ticks(TimeSpan period, CancellationToken token = default)
    {
        double cycles = Math.Round(period.TotalSeconds * Frequency) - Overhead;
        if (cycles is < 0 or > uint.MaxValue)
        {
            throw new ArgumentOutOfRangeException(
                nameof(period), period, $"{this}: a period has 2 to 2^32 + 1 cycles of {Frequency} Hz, not {cycles + Overhead}.");
        }

        return TicksOf((uint)cycles, token);
    }

    /// <summary>Stops it, and clears its interrupt.</summary>
    public void Stop() => Device.Registers.Write(s_control, Interrupt);

    /// <summary>Stops it and closes the device. Later calls do nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, true))
            return;
        Stop();
        Device.Dispose();
    }

    /// <summary>The timer in words: the device and its clock.</summary>
    public override string ToString() => $"AXI Timer {Device.Info}, {Frequency} Hz";

    private static void Acknowledge(Registers registers) => registers.Write(s_control, Running | Interrupt);

    private async IAsyncEnumerable<InterruptCount> TicksOf(uint cycles, [EnumeratorCancellation] CancellationToken token)
    {
        Stop();
        Device.Registers.Write(s_load, cycles);
        Device.Registers.Write(s_control, Down | Load);
        Device.Registers.Write(s_control, Running);
        try
        {
            IAsyncEnumerable<InterruptCount> ticks = Device.Interrupts(Acknowledge, token);
            await foreach (InterruptCount tick in ticks.ConfigureAwait(false))
                yield return tick;
        }
        finally
        {
            if (!_closed)
                Stop();
        }
    }
}
