using UioInterop.Tool.Output;

namespace UioInterop.Tool.Doctor;

/// <summary>One thing that the doctor looked at.</summary>
/// <param name="Check">What was looked at: a word that stays the same, for programs.</param>
/// <param name="Level">
/// How bad it is: good, worth knowing, or a problem that prevents a transfer. One of the constants, as <c>--json</c> prints it.
/// </param>
/// <param name="Subject">Of what: a device, a heap, the kernel.</param>
/// <param name="Message">What was seen.</param>
/// <param name="Remedy">What to do, as a command where there is one; null when nothing is to be done.</param>
internal sealed record Finding(string Check, string Level, string Subject, string Message, string? Remedy = null) : IData
{
    public const string GoodLevel = "Good", NoteLevel = "Note", ProblemLevel = "Problem";

    public IEnumerable<(string, object?)> Fields =>
        [("check", Check), ("level", Level), ("subject", Subject), ("message", Message), ("remedy", Remedy)];

    public static Finding Good(string check, string subject, string message) => new(check, GoodLevel, subject, message);

    public static Finding Note(string check, string subject, string message, string? remedy = null) =>
        new(check, NoteLevel, subject, message, remedy);

    public static Finding Problem(string check, string subject, string message, string remedy) =>
        new(check, ProblemLevel, subject, message, remedy);
}

/// <summary>What the doctor says.</summary>
/// <param name="CanTransfer">Whether a buffer could be imported into a device: a driver can take it from there.</param>
/// <param name="Findings">What was looked at, in the order of the chain from the kernel to the buffer.</param>
internal sealed record DoctorReport(bool CanTransfer, IReadOnlyList<Finding> Findings) : IData
{
    public IEnumerable<(string, object?)> Fields => [("canTransfer", CanTransfer), ("findings", Findings)];
}
