using System.Text;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.UserTestRunner;

// In the machine: runs the NUnit tests of somebody's own assembly, whose path is the argument.
GuestSettings settings = GuestSettings.FromKernel();
var gate = new Lock();
using var port = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
// What the tests' own C code prints goes to the same port, and may not end its line.
var tests = new UserTests(args[0], record =>
{
    lock (gate)
        port.Write($"\n{GuestRecordFormat.ToLine(record)}\n");
});
return tests.Run(settings.Machine, settings.Filter.Text).Failed == 0 ? 0 : 1;
