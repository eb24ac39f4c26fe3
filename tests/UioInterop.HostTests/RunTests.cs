using System.Xml.Linq;
using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Machines;

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

    private const string Tests = """
        using System.Runtime.InteropServices;
        using NUnit.Framework;

        public class Tests
        {
            [DllImport("libc")]
            private static extern int dprintf(int file, string text);

            [Test]
            public void It_passes()
            {
                dprintf(1, "past the console");
                System.Console.WriteLine("said by a test");
            }

            [Test]
            public void It_fails() => Assert.That(2 * 2, Is.EqualTo(5));

            [Test]
            public void It_is_skipped() => Assert.Ignore("not here");

            [Test, Explicit]
            public void It_is_not_asked_for() => Assert.Fail();
        }
        """;

    private const string TestProject = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <AssemblyName>Other.Tests</AssemblyName>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Microsoft.NET.Test.Sdk" Version="18.11.0" />
            <PackageReference Include="NUnit" Version="5.0.0" />
            <PackageReference Include="NUnit3TestAdapter" Version="6.3.1" />
          </ItemGroup>
        </Project>
        """;

    // More than the FIFO of any serial port takes, and what is no line.
    private static readonly string s_input = string.Join('\n', Enumerable.Range(0, 2000)) + "\nno newline";

    [TestCase("x86-64"), TestCase("zcu102"), Category("thorough")]
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
        Assert.That(result.StandardError, Does.Contain("x86-64 has no programmable logic to trace. These have: zcu102-logic"));
    }

    private static async Task MakeForeignAsync(ScratchFolder folder, string name)
    {
        folder.Write("main.c", "int main(void) { return 0; }\n");
        await folder.RunAsync(Architecture.Arm64.Compiler, ["-static", "-o", name, "main.c"]);
    }

    [Test, Category("thorough")]
    public async Task Tests_of_a_driver_run_one_by_one_and_are_reported()
    {
        using var folder = new ScratchFolder();

        var result = await RunAsync(
            "", Repository.At("src", "Samples", "DriverTests"), "--report", $"junit={folder.PathOf("results.xml")}",
            "--keep", folder.PathOf("logs"));

        Assert.That(result.ExitCode, Is.Zero, result.StandardOutput + result.StandardError);
        Assert.That(result.StandardOutput, Does.Contain("EduDeviceTests.Words_go_there_and_back(512)  ("));
        Assert.That(result.StandardOutput, Does.EndWith("3 passed, 0 failed, 0 skipped\n"));
        var cases = XDocument.Load(folder.PathOf("results.xml")).Descendants("testcase").ToArray();
        Assert.That(cases.Select(one => (string?)one.Attribute("name")), Is.EquivalentTo((string[])[
            "Words_go_there_and_back(1)", "Words_go_there_and_back(512)", "More_than_the_device_holds_is_refused", "verdict of the run"]));
        Assert.That(cases.Select(one => (string?)one.Attribute("classname")), Has.Exactly(3).EqualTo("x86-64.EduDeviceTests"));
        Assert.That(folder.Read("logs/console.log"), Does.Contain("init: running "));
    }

    // As an editor makes them: with NUnit's adapter, and a program that is never run.
    [Category("thorough")]
    [TestCase(null, 1, "1 passed, 1 failed, 1 skipped")]
    [TestCase("passes", 0, "1 passed, 0 failed, 0 skipped")]
    [TestCase("nowhere", 1, "0 passed, 0 failed, 0 skipped")]
    public async Task The_exit_code_of_tests_says_whether_they_passed(string? filter, int code, string totals)
    {
        using var folder = new ScratchFolder();
        folder.Write("Tests.cs", Tests);
        folder.Write("Other.csproj", TestProject);

        var result = await RunAsync(
            "", [folder.PathOf("Other.csproj"), "--report", $"junit={folder.PathOf("results.xml")}",
                .. filter is null ? [] : new[] { "--filter", filter }]);

        Assert.That(result.ExitCode, Is.EqualTo(code), result.StandardError);
        Assert.That(result.StandardOutput, Does.EndWith(totals + "\n"));
        if (filter is not null)
            return;
        Assert.That(result.StandardOutput, Does.Contain("        said by a test\n").And.Contain("        past the console\n"));
        var failures = XDocument.Load(folder.PathOf("results.xml")).Descendants("failure").Select(one => one.Value).ToArray();
        Assert.That(failures[0], Does.Contain("But was:  4").And.Contain("Tests.cs:line "));
        Assert.That(failures[1], Does.Contain("A test failed."), "the verdict");
    }

    [Test]
    public async Task Tests_are_not_compiled_ahead()
    {
        using var folder = new ScratchFolder();
        folder.Write("Tests.cs", Tests);
        folder.Write("Other.csproj", TestProject);

        var result = await RunAsync("", folder.PathOf("Other.csproj"), "--aot");

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.StandardError, Does.Contain("has NUnit tests, which are found at run time: leave --aot out."));
    }

    [Test]
    public async Task A_program_without_tests_has_nothing_to_report()
    {
        using var folder = new ScratchFolder();
        folder.Write("script", "#!/bin/true\n");

        var result = await RunAsync("", folder.PathOf("script"), "--report", $"junit={folder.PathOf("results.xml")}");

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.StandardError, Does.Contain("--report and --filter are for NUnit tests"));
    }

    /// <summary>The command, without the build before it.</summary>
    public static async Task<BufferedCommandResult> RunAsync(string input, params string[] arguments) =>
        await (PipeSource.FromString(input) | Cli.Wrap("dotnet")
            .WithArguments([typeof(Repository).Assembly.Location, "run", .. arguments])
            .WithValidation(CommandResultValidation.None)).ExecuteBoundedAsync();
}
