namespace UioInterop.Demo.Engines;

/// <summary>What the demo needs of a DMA engine. To show one of your own, write this beside the others.</summary>
internal interface IEngine : IDisposable
{
    /// <summary>The engine's UIO device, to import buffers with.</summary>
    UioDevice Device { get; }

    /// <summary>How many bytes the demo copies.</summary>
    int CopyLength { get; }

    bool IsBusy { get; }

    /// <summary>Copies from the beginning of one buffer to that of another, and says how.</summary>
    void Copy(DmaMapping from, DmaMapping to, int length);

    /// <summary>Begins a write into all of a buffer of <see cref="CopyLength"/>. What it writes does not matter.</summary>
    /// <returns>Its end, or an exception that says why it was stopped.</returns>
    Task BeginWrite(DmaMapping to, CancellationToken token);
}
