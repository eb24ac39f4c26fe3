namespace UioInterop;

/// <summary>The members of a mapping that name its device.</summary>
public static class DmaMappingExtensions
{
    extension(DmaMapping mapping)
    {
        /// <summary>The device that reaches the buffer.</summary>
        public UioDevice Device => (UioDevice)mapping.Owner;

        /// <summary>For drivers: refuses a mapping that a transfer cannot use, before anything has begun.</summary>
        /// <param name="device">The driver's device.</param>
        /// <param name="needed">
        /// What the transfer does with the buffer: <see cref="DmaDirection.ToDevice"/> reads it, <see cref="DmaDirection.FromDevice"/>
        /// writes it.
        /// </param>
        /// <param name="name">What the driver's caller calls the mapping.</param>
        /// <exception cref="ArgumentException">It is another device's, or for the other direction only.</exception>
        public void ThrowIfUnusable(UioDevice device, DmaDirection needed, string? name = null)
        {
            ArgumentNullException.ThrowIfNull(device);
            if (mapping.Device != device)
                throw new ArgumentException($"The mapping is one of {mapping.Device.Info}, not of {device.Info}.", name);
            if (mapping.Direction != needed && mapping.Direction != DmaDirection.Bidirectional)
                throw new ArgumentException($"The mapping is {mapping.Direction}: this transfer goes the other way.", name);
        }
    }
}
