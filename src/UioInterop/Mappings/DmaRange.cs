namespace UioInterop;

/// <summary>A part of a buffer that is contiguous for the device.</summary>
/// <param name="Address">Where the device reaches its first byte.</param>
/// <param name="Offset">Where it begins in the buffer, in bytes.</param>
/// <param name="Length">How long it is, in bytes.</param>
public readonly record struct DmaRange(DeviceAddress Address, long Offset, long Length);
