using System.Text.Json;
using UioInterop.Tool;

namespace UioInterop.GuestTests.Tool;

/// <summary>What a command of <c>uio</c> said, run in this process.</summary>
internal sealed record ToolRun(int Code, string Output, string Error)
{
    public static ToolRun Of(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        var code = UioTool.Run(arguments, output, error);
        return new ToolRun(code, output.ToString(), error.ToString());
    }

    /// <summary>What a command that works printed as JSON.</summary>
    public static JsonElement Json(params string[] arguments)
    {
        var run = Of([.. arguments, "--json"]);
        Assert.That((run.Code, run.Error), Is.EqualTo((ExitCode.Done, "")));
        return JsonDocument.Parse(run.Output).RootElement;
    }
}
