using System.Diagnostics;
using System.Text;
using UioInterop.Prompt.Views;

namespace UioInterop.Prompt.Agent;

/// <summary>An exception as one paragraph: what it says, what caused it, and where in what was typed.</summary>
internal static class Failure
{
    public static string Of(Exception error)
    {
        while (error is System.Reflection.TargetInvocationException or AggregateException { InnerExceptions.Count: 1 }
            && error.InnerException is { } inner)
            error = inner;

        var text = new StringBuilder($"{View.Name(error.GetType())}: {error.Message}");
        for (Exception? cause = error.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (!error.Message.Contains(cause.Message, StringComparison.Ordinal))
                text.Append(" Cause: ").Append(View.Name(cause.GetType())).Append(": ").Append(cause.Message);
        }

        foreach (StackFrame frame in new StackTrace(error, fNeedFileInfo: true).GetFrames())
        {
            if (frame.GetFileLineNumber() is > 0 and var line && IsTyped(frame))
                return $"{text} ({frame.GetFileName()} line {line})";
        }

        return text.ToString();
    }

    private static bool IsTyped(StackFrame frame) =>
        frame.GetMethod()?.DeclaringType?.Assembly is { } assembly && assembly.Location.Length == 0
        && frame.GetFileName() is { Length: > 0 };
}
