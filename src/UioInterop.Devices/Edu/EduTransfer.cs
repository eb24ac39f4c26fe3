namespace UioInterop.Devices;

/// <summary>Which way an <see cref="EduDevice"/> moves data.</summary>
public enum EduTransfer
{
    /// <summary>Out of memory, into the device.</summary>
    ToDevice,

    /// <summary>Out of the device, into memory.</summary>
    FromDevice,
}
