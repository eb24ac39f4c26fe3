namespace UioInterop.Devices;

/// <summary>What a channel of an AXI DMA needs: its device, the engines that its reset stops, and how the core was built.</summary>
internal sealed record AxiDmaSide(DeviceSession Session, StopDomain Domain, AxiDmaOptions Options)
{
    /// <summary>Opens a core that is one UIO device, and resets it. Whatever fails, it is closed again.</summary>
    public static T Open<T>(UioDeviceId id, AxiDmaOptions? options, Func<AxiDmaSide, AxiDmaSide, T> create) =>
        DeviceSession.Open(id, options?.Open, session =>
        {
            AxiDmaSide both = Prepare(session, new StopDomain(), options);
            return create(both, both);
        });

    /// <summary>Opens a core that is two UIO devices, and resets it. Whatever fails, both are closed again.</summary>
    public static T Open<T>(UioDeviceId send, UioDeviceId receive, AxiDmaOptions? options, Func<AxiDmaSide, AxiDmaSide, T> create)
    {
        DeviceSession sender = DeviceSession.Open(send, options?.Open);
        DeviceSession? receiver = null;
        try
        {
            receiver = DeviceSession.Open(receive, options?.Open);
            var domain = new StopDomain();
            T driver = create(Prepare(sender, domain, options), Prepare(receiver, domain, options));
            sender.Start();
            receiver.Start();
            return driver;
        }
        catch
        {
            receiver?.Dispose();
            sender.Dispose();
            throw;
        }
    }

    private static AxiDmaSide Prepare(DeviceSession session, StopDomain domain, AxiDmaOptions? options)
    {
        UioDeviceInfo info = session.Device.Info;
        UioMapInfo? map = info.Maps.FirstOrDefault(map => map.Index == 0);
        if (map is null || map.Length < AxiDmaRegisters.Length)
            throw new InvalidOperationException($"{info} is not an AXI DMA: its registers take 0x{AxiDmaRegisters.Length:x} bytes, and it "
                + $"has {map?.ToString() ?? "none"}.");

        session.PollInterval = options?.PollInterval;
        return new AxiDmaSide(session, domain, (options ?? new AxiDmaOptions()).For(info));
    }
}
