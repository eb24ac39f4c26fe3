namespace UioInterop;

/// <summary>A device's mapping of a buffer, as the buffer sees it.</summary>
internal interface IBufferMapping
{
    DmaDirection Direction { get; }

    /// <summary>The device's node, for messages.</summary>
    string DevicePath { get; }

    /// <summary>Counts a transfer. Throws when the mapping is about to end.</summary>
    void AddTransfer();

    void RemoveTransfer();
}
