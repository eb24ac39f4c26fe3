namespace UioInterop.Tool;

/// <summary>What the tool returns. Scripts rely on these.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The device, the kernel or a permission refused; standard error has the reason and what to do.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Only of <c>doctor</c>: no transfer can be made.</summary>
    public const int NoTransfer = 3;

    /// <summary>Ctrl-C.</summary>
    public const int Interrupted = 130;
}
