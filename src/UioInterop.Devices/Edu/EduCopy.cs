namespace UioInterop.Devices;

/// <summary>A copy that an <see cref="EduDevice"/> makes.</summary>
/// <param name="Transfer">Which way.</param>
/// <param name="Memory">The memory, 1 to <see cref="EduDevice.MaxTransfer"/> bytes.</param>
/// <param name="BufferOffset">Where to begin in the device's buffer, in bytes.</param>
public readonly record struct EduCopy(EduTransfer Transfer, TransferPart Memory, int BufferOffset);
