// Several devices, one buffer: what one engine writes, the next one reads. The CPU touches nothing in between.
//   ./build.sh run src/Samples/several-devices.cs --machine zcu102
#:project ../UioInterop.Devices
using UioInterop;
using UioInterop.Devices;

TimeSpan timeout = TimeSpan.FromSeconds(30);
using ZynqMpDma first = ZynqMpDma.Open("zdma0"), second = ZynqMpDma.Open("zdma1");
using DmaBuf source = DmaHeap.Cma.Allocate(65536), between = DmaHeap.Cma.Allocate(65536), target = DmaHeap.Cma.Allocate(65536);
source.Fill<uint>(0xcafe);

await first.CopyAsync(source, between, timeout);             // each driver imports what it is given
await second.CopyAsync(between, target, timeout);

Console.WriteLine($"0x{target.ToArray<uint>()[^1]:x} came through two engines");
