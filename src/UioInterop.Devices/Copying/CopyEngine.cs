namespace UioInterop.Devices;

/// <summary>A DMA engine with a driver in this library, as an engine that copies from memory to memory.</summary>
/// <remarks>For tools that take any engine. A program for one engine should use its driver.</remarks>
public abstract class CopyEngine : IDisposable
{
    private const int NotSupported = 95; // EOPNOTSUPP

    private static readonly CopyEngineKind[] s_kinds =
    [
        new("edu", "QEMU's edu, PCI 1234:11e8", EduCopyEngine.Knows, EduCopyEngine.Open),
        new("zdma", $"a channel of ZDMA, {ZynqMpDma.Compatible}", ZynqMpCopyEngine.Knows, ZynqMpCopyEngine.Open),
        new("axi-dma", $"AXI DMA whose stream comes back to it, {AxiDmaCopyEngine.Compatible}",
            AxiDmaCopyEngine.Knows, AxiDmaCopyEngine.Open),
    ];

    /// <summary>The kinds of engines there are, by the names that <see cref="Open"/> takes, and how each is recognised.</summary>
    public static IReadOnlyDictionary<string, string> Kinds { get; } = s_kinds.ToDictionary(kind => kind.Name, kind => kind.Description);

    /// <summary>The UIO device.</summary>
    public abstract UioDevice Device { get; }

    /// <summary>Opens a device with the driver that knows it.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="kind">
    /// Which of <see cref="Kinds"/> it is; null takes it from the PCI numbers or the compatible strings. A node that is only
    /// "generic-uio" does not tell.
    /// </param>
    /// <exception cref="ArgumentException">There is no such kind.</exception>
    /// <exception cref="UioException">EOPNOTSUPP: no driver knows the device. Others as for <see cref="UioDevice.Open"/>.</exception>
    public static CopyEngine Open(UioDeviceId id, string? kind = null)
    {
        if (kind is not null)
        {
            CopyEngineKind named = s_kinds.FirstOrDefault(one => one.Name == kind) ?? throw new ArgumentException(
                $"There is no kind of engine \"{kind}\"; there are: {string.Join(", ", Kinds.Keys)}.", nameof(kind));
            return named.Open(id);
        }

        UioDeviceInfo device = UioDevice.Find(id);
        CopyEngineKind known = s_kinds.FirstOrDefault(one => one.Knows(device)) ?? throw new UioException(
            "find a driver", device.ToString(), NotSupported, "no driver here knows it; if you know what it is, name its kind: "
                + string.Join("; ", s_kinds.Select(one => $"{one.Name} ({one.Description})")));
        return known.Open(id);
    }

    /// <summary>Copies from the beginning of one buffer to that of another.</summary>
    /// <param name="source">Where from, imported into <see cref="Device"/>.</param>
    /// <param name="destination">Where to, imported into <see cref="Device"/>.</param>
    /// <param name="length">How many bytes, more than 0.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="token">Ends the copy.</param>
    /// <exception cref="TimeoutException">It was not done in time, and was stopped.</exception>
    public abstract Task CopyAsync(
        DmaMapping source, DmaMapping destination, int length, TimeSpan timeout, CancellationToken token = default);

    /// <summary>Stops the device and closes it.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Stops the device and closes it.</summary>
    /// <param name="disposing">True.</param>
    protected abstract void Dispose(bool disposing);

    private sealed record CopyEngineKind(
        string Name, string Description, Func<UioDeviceInfo, bool> Knows, Func<UioDeviceId, CopyEngine> Open);
}
