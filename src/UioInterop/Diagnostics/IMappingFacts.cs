namespace UioInterop;

/// <summary>What events say of a mapping. Nothing is asked while nobody listens.</summary>
internal interface IMappingFacts
{
    string DevicePath { get; }

    string Exporter { get; }

    string Direction { get; }

    /// <summary>Where the device reaches the buffer; 0 when nobody has asked.</summary>
    ulong Address { get; }

    long Length { get; }
}
