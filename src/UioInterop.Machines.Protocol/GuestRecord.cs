using System.Text.Json.Serialization;

namespace UioInterop.Machines.Protocol;

/// <summary>What a guest says on its result port: one record, one line of JSON.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(StartRecord), "start")]
[JsonDerivedType(typeof(BeginRecord), "begin")]
[JsonDerivedType(typeof(ResultRecord), "result")]
[JsonDerivedType(typeof(AnnouncedRecord), "announced")]
[JsonDerivedType(typeof(FramesRecord), "frames")]
[JsonDerivedType(typeof(OutputRecord), "output")]
[JsonDerivedType(typeof(EndRecord), "end")]
public abstract record GuestRecord;

/// <summary>The first record: the full names of all tests that are about to run.</summary>
public sealed record StartRecord(string Machine, IReadOnlyList<string> Tests) : GuestRecord;

/// <summary>A test begins. Without its result, this is the test that hung.</summary>
public sealed record BeginRecord(string Test) : GuestRecord;

/// <summary>A test ended.</summary>
public sealed record ResultRecord(
    string Test, TestOutcome Outcome, double Milliseconds, string? Message = null, string? Stack = null) : GuestRecord;

/// <summary>Kernel log lines that a test provoked on purpose, and got. Each excuses one such line.</summary>
public sealed record AnnouncedRecord(IReadOnlyList<string> Lines) : GuestRecord;

/// <summary>Asks the host for so many Ethernet frames, on the wire of a machine that has one.</summary>
public sealed record FramesRecord(int Count) : GuestRecord;

/// <summary>Free text for the person who watches.</summary>
public sealed record OutputRecord(string Text) : GuestRecord;

/// <summary>The last record. A run without it did not finish.</summary>
public sealed record EndRecord(int Passed, int Failed, int Skipped) : GuestRecord;

/// <summary>A line that is no record. Kept, because a garbled port is itself a finding.</summary>
public sealed record ProblemRecord(string Line, string Problem) : GuestRecord;

/// <summary>How a test ended.</summary>
public enum TestOutcome
{
    /// <summary>It passed.</summary>
    [JsonStringEnumMemberName("passed")]
    Passed,
    /// <summary>It failed.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
    /// <summary>It was not run, with a reason.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,
}
