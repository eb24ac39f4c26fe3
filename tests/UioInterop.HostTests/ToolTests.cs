using System.Text.Json;
using System.Text.RegularExpressions;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Machines;
using UioInterop.Machines.Guests;

namespace UioInterop.HostTests;

/// <summary>The <c>uio</c> tool as people get it: one file without a runtime.</summary>
internal sealed partial class ToolTests
{
    private const long MaxLength = 5 << 20;

    // Whose code is in the file, beside ours.
    private static string Notices => Repository.At("src", "UioInterop.Tool", "THIRD-PARTY-NOTICES.txt");

    // On the PC nothing is bound yet. PackageTests does the same with the package's file for a board.
    [Test, Category("thorough")]
    public async Task One_small_file_knows_whether_a_transfer_can_be_made()
    {
        using var folder = new ScratchFolder();
        var architecture = MachineList.X64.Architecture;
        await folder.RunAsync("dotnet", ["publish", Repository.At("src", "UioInterop.Tool"), "-c", "Release", "--nologo", "-o", "out",
            "-r", architecture.RuntimeIdentifier, "--artifacts-path", folder.PathOf("artifacts"),
            .. Machines.Guests.Compilation.NativeAot.PublishOptions(architecture)]);

        await AssertKnowsAsync(folder.PathOf("out/uio"), MachineList.X64, 3);
    }

    // Those that bring an assembly; what restore found is in the assets file.
    [Test]
    public void Each_package_that_is_linked_in_has_its_notice()
    {
        var assets = JsonDocument.Parse(File.ReadAllText(Repository.At("src", "UioInterop.Tool", "obj", "project.assets.json")));
        var packages = assets.RootElement.GetProperty("targets").EnumerateObject().First().Value.EnumerateObject()
            .Where(one => one.Value.GetProperty("type").GetString() == "package" && one.Value.TryGetProperty("runtime", out _))
            .Select(one => one.Name.Split('/')[0]).ToList();

        Assert.That(packages, Does.Contain("Spectre.Console"));
        Assert.That(packages.Where(package => !Words(Notices).Contains(package)), Is.Empty);
    }

    [TestCase("uio hea", "heaps")]
    [TestCase("uio copy --ki", "--kind")]
    public async Task Bash_completes_what_the_tool_knows(string line, string word)
    {
        var tool = Repository.At("src", "UioInterop.Tool");
        var output = await ScratchFolder.RunIn(tool, "bash", ["-c", $$"""
            PATH=$PWD/bin/Release/net10.0:$PATH
            source ./uio.bash-completion
            COMP_LINE=$1 COMP_POINT=${#1}
            $(complete -p uio | sed 's/.*-F \([^ ]*\) .*/\1/')
            printf '%s\n' "${COMPREPLY[@]}"
            """, "bash", line]);

        Assert.That(output.TrimEnd('\n'), Is.EqualTo(word));
    }

    // Each command with its options, as its help has them, and no other.
    [Test]
    public async Task The_manual_page_has_what_the_help_has()
    {
        var page = await File.ReadAllTextAsync(Repository.At("src", "UioInterop.Tool", "uio.1"));
        var entries = page[page.IndexOf(".SH COMMANDS", StringComparison.Ordinal)..page.IndexOf(".SH OPTIONS", StringComparison.Ordinal)]
            .Split(".TP\n").Skip(1).Select(entry => entry.Split('\n')[0]);
        var inPage = entries.Select(line => (Name: FirstWord().Match(line).Groups[1].Value, Options: OptionsIn(line.Replace("\\-", "-"))));

        var help = await HelpAsync("");
        var commands = help[(help.IndexOf("Commands:", StringComparison.Ordinal) + 10)..].Split('\n')
            .Select(line => line.Trim().Split(' ')[0]).Where(name => name.Length > 0).ToArray();
        var inHelp = new List<(string, string)>();
        foreach (var command in commands)
            inHelp.Add((command, OptionsIn(await HelpAsync(command)).Replace(" --help", "").Replace(" --json", "")));

        Assert.That(inHelp, Has.Count.EqualTo(13));
        Assert.That(inPage.Select(entry => (entry.Name, entry.Options)), Is.EquivalentTo(inHelp));
        var options = page[page.IndexOf(".SH OPTIONS", StringComparison.Ordinal)..page.IndexOf(".SH EXIT", StringComparison.Ordinal)];
        Assert.That(OptionsIn(options.Replace("\\-", "-")), Is.EqualTo(OptionsIn(help)));
    }

    private static Task<string> HelpAsync(string command) => ScratchFolder.RunIn(
        Repository.At("src", "UioInterop.Tool"), Repository.At("src", "UioInterop.Tool", "bin", "Release", "net10.0", "uio"),
        command.Length == 0 ? ["--help"] : [command, "--help"]);

    private static string OptionsIn(string text) => string.Concat(
        LongOption().Matches(text).Select(match => $" {match.Value}").Distinct().Order(StringComparer.Ordinal));

    [GeneratedRegex(@"^\.B\S* ""?(\w+)")]
    private static partial Regex FirstWord();

    [GeneratedRegex(@"--[a-z][a-z-]*")]
    private static partial Regex LongOption();

    private static HashSet<string> Words(string file) => [.. File.ReadAllText(file).Split([' ', ',', '\n'])];

    /// <summary>The file is small, and its doctor ends with the exit code and a report that agrees.</summary>
    internal static async Task AssertKnowsAsync(string tool, Machine machine, int code)
    {
        Assert.That(new FileInfo(tool).Length, Is.LessThanOrEqualTo(MaxLength));

        var result = await RunTests.RunAsync("", tool, "--machine", machine.Name, "--", "doctor", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(code), result.StandardError);
        var report = JsonDocument.Parse(result.StandardOutput).RootElement;
        Assert.That(report.GetProperty("canTransfer").GetBoolean(), Is.EqualTo(code == 0));
        Assert.That(report.GetProperty("findings").EnumerateArray().Any(one => one.GetProperty("check").GetString() == "devices"),
            Is.EqualTo(code != 0));
    }
}
