// A copy from memory to memory, by the DMA engine that every Zynq UltraScale+ has:
//   ./build.sh run src/Samples/copy.cs --machine zcu102
#:project ../UioInterop.Devices
using UioInterop;
using UioInterop.Devices;

using ZynqMpDma dma = ZynqMpDma.Open("zdma0");
using var source = dma.Device.Allocate<uint>(1024, DmaDirection.ToDevice);
using var target = dma.Device.Allocate<uint>(1024, DmaDirection.FromDevice);
source.Write([.. Enumerable.Range(0, 1024).Select(i => (uint)i)]);

await dma.CopyAsync(source.Mapping, target.Mapping, TimeSpan.FromSeconds(30));

Console.WriteLine($"copied {target.Buffer.Length} bytes, equal: {target.ToArray().SequenceEqual(source.ToArray())}");
