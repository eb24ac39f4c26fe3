namespace UioInterop;

/// <summary>The device that has mappings, as they see it.</summary>
internal interface IMappingOwner
{
    UioDeviceInfo Info { get; }

    UioFeatures Features { get; }

    /// <summary>Ends a mapping, once the device is done with it. False when another thread is ending it, or has ended it.</summary>
    bool Detach(Attachment attachment, DropWitness witness);

    /// <summary>Asks the kernel where the device reaches a buffer.</summary>
    void ReadRanges(Attachment attachment);

    /// <summary>The collector took a mapping that nobody had disposed.</summary>
    void OnDropped(Attachment attachment);

    /// <summary>A transfer was given up: nobody knows what the device does.</summary>
    void OnAbandonedTransfer(long ticket);

    /// <summary>Reports a failure that no exception can.</summary>
    void Report(Exception failure);
}
