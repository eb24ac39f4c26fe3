using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Machines;

namespace UioInterop.HostTests;

/// <summary>./build.sh run: somebody's own program in a machine, with its input, its output and its exit code.</summary>
internal sealed class RunTests
{
    private const string Program = """
        #:project LIBRARY
        using UioInterop;

        Console.WriteLine($"{string.Join('|', args)}: {UioDevice.List().Count} devices");
        while (Console.ReadLine() is { } line)
            Console.WriteLine($"got {line}");
        Console.Error.WriteLine("the end");
        return 7;
        """;

    // More than the FIFO of any serial port takes, and what is no line.
    private static readonly string s_input = string.Join('\n', Enumerable.Range(0, 2000)) + "\nno newline";

    [TestCase("x86-64")]
    [TestCase("zcu102", Category = "thorough")]
    public async Task A_file_gets_arguments_and_input_and_gives_output_and_its_exit_code(string machine)
    {
        using var folder = new ScratchFolder();
        folder.Write("app.cs", Program.Replace("LIBRARY", Repository.At("src", "UioInterop"), StringComparison.Ordinal));

        var result = await RunAsync(s_input, folder.PathOf("app.cs"), "--machine", machine, "--", "one", "two words");

        Assert.That(result.ExitCode, Is.EqualTo(7), result.StandardError);
        var lines = result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[0], Does.StartWith("one|two words: "));
        Assert.That(lines[1..^1], Is.EqualTo(s_input.Split('\n').Select(line => $"got {line}")));
        Assert.That(lines[^1], Is.EqualTo("the end"), "both outputs, and nothing of ours");
    }

    [Test]
    public async Task An_executable_runs_as_it_is()
    {
        using var folder = new ScratchFolder();
        folder.Write("tiny.c", "int main(void) { return 42; }\n");
        await folder.RunAsync("gcc", ["-static", "-o", "tiny", "tiny.c"]);

        Assert.That((await RunAsync("", folder.PathOf("tiny"))).ExitCode, Is.EqualTo(42));
    }

    [Test]
    public async Task A_program_that_is_killed_has_a_shells_exit_code()
    {
        using var folder = new ScratchFolder();
        folder.Write("dies.c", "#include <stdlib.h>\nint main(void) { abort(); }\n");
        await folder.RunAsync("gcc", ["-static", "-o", "dies", "dies.c"]);

        Assert.That((await RunAsync("", folder.PathOf("dies"))).ExitCode, Is.EqualTo(128 + 6));
    }

    [TestCase("nowhere.cs", "There is no ")]
    [TestCase("wrong.cs", "error CS")]
    [TestCase("text", "is no program for x86-64. Publish it: dotnet publish -r linux-x64")]
    [TestCase("foreign", "is no program for x86-64", Category = "thorough")]
    public async Task What_cannot_run_says_why(string name, string word)
    {
        using var folder = new ScratchFolder();
        folder.Write("wrong.cs", "int x = \"no number\";\n");
        folder.Write("text", "no program at all");
        if (name == "foreign")
            await MakeForeignAsync(folder, name);

        var result = await RunAsync("", folder.PathOf(name));

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.StandardError, Does.Contain(word));
        Assert.That(result.StandardOutput, Is.Empty);
    }

    [Test]
    public async Task A_machine_without_logic_has_nothing_to_trace()
    {
        var result = await RunAsync("", "any.cs", "--machine", "x86-64", "--trace");

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.StandardError, Does.Contain("x86-64 has no programmable logic to trace. These have: zcu102-logic."));
    }

    private static async Task MakeForeignAsync(ScratchFolder folder, string name)
    {
        folder.Write("main.c", "int main(void) { return 0; }\n");
        await folder.RunAsync(Architecture.Arm64.Compiler, ["-static", "-o", name, "main.c"]);
    }

    /// <summary>The command, without the build before it.</summary>
    public static async Task<BufferedCommandResult> RunAsync(string input, params string[] arguments) =>
        await (PipeSource.FromString(input) | Cli.Wrap("dotnet")
            .WithArguments([typeof(Machine).Assembly.Location, "run", .. arguments])
            .WithValidation(CommandResultValidation.None)).ExecuteBoundedAsync();
}
