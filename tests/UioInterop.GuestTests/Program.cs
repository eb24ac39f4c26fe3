using UioInterop.GuestTests.Support;
using UioInterop.TestRunner;

return args.Length == 0 ? GuestProgram.Run(typeof(ChildProcess).Assembly) : ChildProcess.Run(args);
