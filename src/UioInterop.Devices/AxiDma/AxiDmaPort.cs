namespace UioInterop.Devices;

/// <summary>The register accesses that all drivers of an AXI DMA channel share.</summary>
internal sealed class AxiDmaPort(Registers registers, DmaDirection direction, AxiDmaOptions options)
{
    // PG021 gives no figure. Accesses on the bus have to end, which takes microseconds.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMilliseconds(100);

    private readonly uint _run = options.PollInterval is null ? AxiDmaRegisters.RunWithInterrupts : AxiDmaRegisters.RunPolled;
    private readonly AxiDmaRegisters _other = direction == DmaDirection.ToDevice ? AxiDmaRegisters.Receive : AxiDmaRegisters.Send;

    public AxiDmaRegisters Own { get; } = direction == DmaDirection.ToDevice ? AxiDmaRegisters.Send : AxiDmaRegisters.Receive;

    public AxiDmaStatus Status => (AxiDmaStatus)registers.Read(Own.Status);

    public bool Runs => (registers.Read(Own.Control) & AxiDmaRegisters.Run) != 0;

    public bool HasScatterGather => options.HasScatterGather ?? Status.HasFlag(AxiDmaStatus.HasScatterGather);

    public QuiesceProgram StopProgram => new QuiesceProgram(registers)
        .Write(Own.Control, AxiDmaRegisters.Reset)
        .Poll(Own.Control, AxiDmaRegisters.Reset, 0u, StopTimeout);

    /// <summary>Reads what the channel says and clears its interrupts.</summary>
    /// <exception cref="AxiDmaException">It says that there was an error.</exception>
    public AxiDmaStatus Acknowledge(Engine engine)
    {
        AxiDmaStatus status = Status;
        if (((uint)status & AxiDmaRegisters.Interrupts) != 0)
            registers.Write(Own.Status, (uint)status & AxiDmaRegisters.Interrupts);
        if ((status & AxiDmaException.Errors) != 0)
            throw new AxiDmaException(engine.ToString(), direction, status);
        return status;
    }

    /// <summary>
    /// The lower half of the address of the descriptor that the channel works on. The upper half, read later, may be another
    /// descriptor's.
    /// </summary>
    public uint Current => registers.Read(Own.Current);

    public void Run() => registers.Write(Own.Control, _run);

    /// <summary>Starts a chain of descriptors, or continues it: CURDESC can only be written while the channel is halted.</summary>
    public void Run(DeviceAddress first, DeviceAddress last, bool isCyclic = false)
    {
        if (!Runs)
            Write(Own.Current, first);
        registers.Write(Own.Control, isCyclic ? _run | AxiDmaRegisters.Cyclic : _run);
        MoveTail(last);
    }

    /// <summary>Moves the tail: the channel goes on up to this descriptor.</summary>
    /// <remarks>
    /// In a core with wide addresses the lower half moves the pause, and the upper half starts a channel that is idle. Both are
    /// written in one access: otherwise a channel that reached the new pause between the two would be started again behind it. A
    /// 32-bit process needs two writes, so it may move the tail of an idle channel only (<see cref="AxiDmaRingMemory.Check"/>).
    /// </remarks>
    public void MoveTail(DeviceAddress last) => Write(Own.Tail, last);

    public void Reset(Engine engine)
    {
        Reset(Own, engine);

        // Either resets both, says the guide. QEMU's model does not.
        if ((registers.Read(_other.Status) & (uint)AxiDmaStatus.Halted) == 0)
            Reset(_other, engine);
    }

    public void Halt(Engine engine)
    {
        if (Status.HasFlag(AxiDmaStatus.Halted))
            return;

        registers.Write(Own.Control, _run & ~AxiDmaRegisters.Run);
        if (!registers.WaitFor(Own.Status, (uint)AxiDmaStatus.Halted, (uint)AxiDmaStatus.Halted, StopTimeout))
            throw new TimeoutException($"{engine} does not halt (DMASR 0x{(uint)Status:x}).");
    }

    private void Reset(AxiDmaRegisters channel, Engine engine)
    {
        registers.Write(channel.Control, AxiDmaRegisters.Reset);
        if (!registers.WaitFor(channel.Control, AxiDmaRegisters.Reset, 0u, StopTimeout))
            throw new TimeoutException($"{engine} stays in reset ({channel.Control.Name}): does its clock run?");
    }

    private void Write(Register<uint> low, DeviceAddress address)
    {
        if (options.IsWide && Environment.Is64BitProcess)
        {
            registers.Write(new Register<ulong>(low.Offset, low.Name), address.Value);
            return;
        }

        registers.Write(low, (uint)address.Value);
        if (options.IsWide)
            registers.Write(new Register<uint>(low.Offset + sizeof(uint), $"{low.Name}_MSB"), (uint)(address.Value >> 32));
    }
}
