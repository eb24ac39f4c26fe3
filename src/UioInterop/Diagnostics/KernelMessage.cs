namespace UioInterop;

/// <summary>A message of the kernel log.</summary>
/// <param name="Level">How bad, as in syslog(2): 0 is an emergency, 3 an error, 4 a warning, 7 for debugging.</param>
/// <param name="Text">What it says, without time and level.</param>
public readonly record struct KernelMessage(int Level, string Text)
{
    /// <summary>Whether it is a warning or worse.</summary>
    public bool IsWarning => Level <= 4;
}
