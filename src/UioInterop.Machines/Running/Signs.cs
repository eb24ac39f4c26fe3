using System.Diagnostics;
using UioInterop.Machines.Protocol;

namespace UioInterop.Machines.Running;

/// <summary>Collects what a machine says, and passes on that it said something.</summary>
internal sealed class Signs(StreamWriter consoleLog, StreamWriter resultLog, Action onSign) : IDisposable
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<string> _console = [];
    private readonly List<GuestRecord> _records = [];
    private TimeSpan? _userSpace;
    private TimeSpan? _firstTest;

    public IReadOnlyList<string> Console => _console;

    public IReadOnlyList<GuestRecord> Records => _records;

    public RunTimes Times => new(_userSpace, _firstTest, _clock.Elapsed);

    public void OnConsole(string line)
    {
        onSign();
        // Firmware and tty layers add carriage returns.
        line = line.TrimEnd('\r');
        _console.Add(line);
        consoleLog.WriteLine(line);
        if (line.Contains(InitSays.Running, StringComparison.Ordinal))
            _userSpace ??= _clock.Elapsed;
    }

    public GuestRecord OnRecord(string line)
    {
        onSign();
        resultLog.WriteLine(line);
        var record = GuestRecordFormat.FromLine(line);
        _records.Add(record);
        if (record is BeginRecord)
            _firstTest ??= _clock.Elapsed;
        return record;
    }

    public void OnOutput(ReadOnlySpan<byte> bytes)
    {
        onSign();
        resultLog.BaseStream.Write(bytes);
        _firstTest ??= _clock.Elapsed;
    }

    public void Dispose()
    {
        consoleLog.Dispose();
        resultLog.Dispose();
    }
}
