namespace UioInterop.Devices;

/// <summary>A copy that a <see cref="ZynqMpDma"/> channel makes: as many bytes on both sides, perhaps in different pieces.</summary>
public readonly struct ZynqMpCopy
{
    internal ZynqMpCopy(DmaSegments source, DmaSegments destination) => (Source, Destination) = (source, destination);

    internal DmaSegments Source { get; }

    internal DmaSegments Destination { get; }
}
