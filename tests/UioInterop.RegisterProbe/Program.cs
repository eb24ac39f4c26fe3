// Runs the register cases on real devices, for a host that watches each access. It is compiled in several ways.

using System.Runtime;
using UioInterop.RegisterProbe;

using Devices devices = new();
int compiledBefore = (int)JitInfo.GetCompiledMethodCount();

for (int i = 0; i < ProbeCases.All.Count; i++)
{
    devices.Edu.Write32(Marker.Offset, (uint)i);
    ProbeCases.All[i].Run(devices);
    devices.Edu.Write32(Marker.Offset, Marker.End);
}

bool tiered = AppContext.TryGetSwitch("System.Runtime.TieredCompilation", out bool enabled) && enabled;
Console.WriteLine(new HowCompiled((int)JitInfo.GetCompiledMethodCount() - compiledBefore, tiered));
