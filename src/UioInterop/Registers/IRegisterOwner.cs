using UioInterop.Interop;

namespace UioInterop;

/// <summary>The device that has registers, as they see it.</summary>
internal interface IRegisterOwner
{
    UioDeviceInfo Info { get; }

    UioFeatures Features { get; }

    /// <summary>Has the kernel write a bus address into a register.</summary>
    void WriteAddress(in WriteAddressArguments write);
}
