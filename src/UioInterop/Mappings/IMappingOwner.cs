namespace UioInterop;

/// <summary>The device that has mappings, as they see it.</summary>
internal interface IMappingOwner
{
    UioDeviceInfo Info { get; }

    UioFeatures Features { get; }

    /// <summary>Ends a mapping, once the device is done with it. False when another thread does, or has.</summary>
    bool Detach(Attachment attachment, DropWitness witness);

    /// <summary>Has the kernel tell where the device reaches a buffer.</summary>
    void ReadRanges(Attachment attachment);

    /// <summary>The collector took a mapping that nobody had disposed.</summary>
    void OnDropped(Attachment attachment);

    /// <summary>A transfer was given up: nobody knows what the device does.</summary>
    void OnAbandonedTransfer(long ticket);

    /// <summary>Tells of what failed where no exception can tell it.</summary>
    void Report(Exception failure);
}
