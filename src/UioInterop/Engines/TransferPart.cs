namespace UioInterop;

/// <summary>A part of a mapping, for a transfer.</summary>
/// <param name="Mapping">The mapping.</param>
/// <param name="Offset">Where the part begins in the buffer, in bytes.</param>
/// <param name="Length">How long it is, in bytes, more than 0. All of it is inside of the mapping.</param>
public readonly record struct TransferPart(DmaMapping Mapping, long Offset, long Length);
