namespace UioInterop.Tool.Doctor;

/// <summary>How bad a finding is.</summary>
internal enum FindingLevel
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Worth knowing; transfers can be made.</summary>
    Note,

    /// <summary>In the way of a transfer.</summary>
    Problem,
}

/// <summary>One thing that the doctor looked at.</summary>
/// <param name="Check">What was looked at: a word that stays the same, for programs.</param>
/// <param name="Level">How bad it is.</param>
/// <param name="Subject">Of what: a device, a heap, the kernel.</param>
/// <param name="Message">What was seen.</param>
/// <param name="Remedy">What to do, as a command where there is one; null when nothing is to be done.</param>
internal sealed record Finding(string Check, FindingLevel Level, string Subject, string Message, string? Remedy = null)
{
    public static Finding Good(string check, string subject, string message) => new(check, FindingLevel.Good, subject, message);

    public static Finding Note(string check, string subject, string message, string? remedy = null) =>
        new(check, FindingLevel.Note, subject, message, remedy);

    public static Finding Problem(string check, string subject, string message, string remedy) =>
        new(check, FindingLevel.Problem, subject, message, remedy);
}

/// <summary>What the doctor says.</summary>
/// <param name="CanTransfer">Whether a buffer could be imported into a device: a driver can take it from there.</param>
/// <param name="Findings">What was looked at, in the order of the chain from the kernel to the buffer.</param>
internal sealed record DoctorReport(bool CanTransfer, IReadOnlyList<Finding> Findings);
