// A stream that does not end: an AXI DMA sends parts of one ring and receives into another. Its stream comes back to it there.
//   ./build.sh run src/Samples/stream.cs --machine zcu102-logic
#:project ../UioInterop.Devices
using System.Buffers.Binary;
using UioInterop;
using UioInterop.Devices;

const int Packets = 100;
TimeSpan timeout = TimeSpan.FromSeconds(30);
using AxiDmaRings dma = AxiDmaRings.Open("dma-sg");
dma.Receiver.Begin(parts: 8, length: 4096);
dma.Sender.Begin(parts: 8, length: 4096);

Task sending = Task.Run(async () =>
{
    for (int i = 0; i < Packets; i++)
    {
        using SendPart part = await dma.Sender.RentAsync(timeout);   // waits while the channel has all parts
        using (CpuAccess cpu = part.BeginWrite())
            BinaryPrimitives.WriteInt32LittleEndian(cpu.Span, i);
        part.Send(4096);
    }
});

int inOrder = 0;
for (int i = 0; i < Packets; i++)
{
    using RingPart part = await dma.Receiver.ReceiveAsync(timeout);  // the program's, until it is disposed
    using CpuAccess cpu = part.BeginRead();
    if (BinaryPrimitives.ReadInt32LittleEndian(cpu.Span) == i)
        inOrder++;
}

await sending;
Console.WriteLine($"{inOrder} of {Packets} packets came in their order");
