// Interrupts as they come: a timer in the programmable logic ticks ten times.
//   ./build.sh run src/Samples/interrupts.cs --machine zcu102-logic
#:project ../UioInterop.Devices
using UioInterop;
using UioInterop.Devices;

using AxiTimer timer = AxiTimer.Open("timer", frequency: 100_000_000);
long ticks = 0;
await foreach (InterruptCount tick in timer.Ticks(TimeSpan.FromMilliseconds(20)))
{
    ticks += tick.SinceLastWait;                     // more than 1 when the program came late: UIO counts what it missed
    if (ticks >= 10)
        break;
}

timer.Stop();
Console.WriteLine($"{Math.Min(ticks, 10)} ticks");
