using NUnit.Framework;

namespace UioInterop.HostTests.Prompt;

/// <summary>Statements through the prompt, its compiler and an agent in a process of its own.</summary>
internal sealed class PromptTests
{
    // Between the statements of a case.
    private const string Next = " § ";

    [TestCase("1+1", "2")]
    [TestCase("var x = 42; § x * 2", "84")]
    [TestCase("var x = 1; § x = 7; § x", "7")]
    [TestCase("int Twice(int n)\n{\n    return n * 2;\n} § Twice(4)", "8")]
    [TestCase("public record P(int A, string B); § new P(1, \"b\")", "P { A = 1, B = b }")]
    [TestCase("await Task.Delay(1); § var y = await Task.FromResult(3); § y", "3")]
    [TestCase("using System.Globalization; § CultureInfo.InvariantCulture.Name", "\"\"")]
    [TestCase("for (int i = 0; i < 3; i++) Console.WriteLine(i);", "0\n1\n2")]
    [TestCase("Console.WriteLine(\"no value\")", "no value")]
    [TestCase("string? none = null; § none", "null")]
    [TestCase("\"a\\tb\"", "\"a\\tb\"")]
    [TestCase("0x101u", "257 (0x00000101)")]
    [TestCase("new[] { 1, 2 }", "int[2] { 1, 2 }")]
    [TestCase("new List<string> { \"a\" }", "List<string>(1) { \"a\" }")]
    [TestCase("Enumerable.Range(0, 3).Select(i => i * 2)", "sequence { 0, 2, 4 }")]
    [TestCase("new object()", "object")]
    [TestCase("async Task<int> Slow() { await Task.Delay(1); return 5; } § Slow().Result", "5")]
    [TestCase("Hex(new byte[] { 0x41, 0x00 })", "00000000  41 00                                             A.")]
    [TestCase("Enumerable.Range(0, 100).ToArray()", "int[100] { 0, 1, 2, 3, 4, 5, 6, 7, ... }\n▁▁▁")]
    [TestCase("typeof(UioDevice).Assembly.GetName().Name", "\"UioInterop\"")]
    public async Task A_statement_shows(string statements, string shown)
    {
        var (code, output) = await Conversation.RunAsync(statements.Split(Next));

        Assert.That(output, shown.EndsWith("▁▁▁", StringComparison.Ordinal) ? Does.StartWith(shown) : Is.EqualTo(shown + "\n"));
        Assert.That(code, Is.Zero);
    }

    [TestCase("1 +\nfoo * 2", "  foo * 2\n  ^^^ CS0103: ")]
    [TestCase("int i = \"text\";", "  int i = \"text\";\n          ^^^^^^ CS0029: ")]
    [TestCase("throw new IOException(\"oh\", new Exception(\"why\"));", "IOException: oh Cause: Exception: why\n")]
    [TestCase("void F()\n{\n    throw new Exception(\"oh\");\n} § F()", "Exception: oh")]
    [TestCase("await Task.FromException(new TimeoutException(\"late\"));", "TimeoutException: late\n")]
    public async Task What_is_wrong_is_said_and_the_rest_is_not_run(string statements, string said)
    {
        var (code, output) = await Conversation.RunAsync([.. statements.Split(Next), "Console.WriteLine(\"the rest\");"]);

        Assert.That(output, Does.StartWith(said));
        Assert.That(output, Does.Not.Contain("the rest"));
        Assert.That(code, Is.EqualTo(1));
    }

    [Category("thorough")]
    [TestCase("1+1\nexit", 0)]
    [TestCase("int Twice(int n)\n{\n    return 2 * n;\n}\nTwice(4)\nexit 7\n1+", 7)]
    [TestCase("int i = 1;\nj", 1)]
    [TestCase("Environment.Exit(3);", 1)]
    public async Task A_pipe_ends_with(string statements, int code) =>
        Assert.That((await PromptProcess.RunAsync(statements)).ExitCode, Is.EqualTo(code));

    [Test]
    public async Task An_agent_that_dies_is_said()
    {
        var result = await PromptProcess.RunAsync("Environment.FailFast(\"the end\");");

        Assert.That(result.StandardOutput, Does.Contain("The agent is lost: dotnet has ended with exit code 134"));
        Assert.That(result.StandardError, Does.Contain("the end"), "the runtime's own words");
    }

    // Another process may have the error output, and say more after the command's end.
    [Test]
    public async Task Last_words_that_come_late_are_said()
    {
        var result = await PromptProcess.RunAsync("1+1", ["bash", "-c", "(exec >&-; sleep 1; echo too late >&2) & exit 3"]);

        var said = result.StandardOutput + result.StandardError;
        Assert.That(said, Does.Contain("bash has ended with exit code 3, its last words: too late"));
    }

    [Test]
    public async Task No_agent_at_all_is_said()
    {
        var result = await PromptProcess.RunAsync("1+1", ["/nowhere/agent"]);

        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.StandardError, Does.Contain("/nowhere/agent cannot be started"));
    }

    [Test]
    public async Task Files_are_loaded_and_assemblies_reach_the_agent()
    {
        using var folder = new ScratchFolder();
        folder.Write("more.csx", "int Thrice(int n) => 3 * n;\n");
        folder.Copy(PromptProcess.Folder, "YamlDotNet.dll");

        var result = await PromptProcess.RunAsync("""
            #load "more.csx"
            Thrice(3)
            #r "YamlDotNet.dll"
            new YamlDotNet.Core.Mark(1, 2, 3).Line
            """, folder: folder.PathOf("."));

        Assert.That(result.StandardOutput, Is.EqualTo("9\n2\n"), result.StandardError);
    }

    [Test, Category("thorough")]
    public async Task What_was_typed_is_saved_as_a_program()
    {
        using var folder = new ScratchFolder();
        var result = await PromptProcess.RunAsync("""
            var x = 20;
            int Twice(int n) => 2 * n;
            public record P(int A);
            new P(Twice(x)).A + 2
            save app.cs
            """, folder: folder.PathOf("."));
        Assert.That(result.ExitCode, Is.Zero, result.StandardOutput + result.StandardError);

        // Without the library, which the host's build of a file would build once more.
        var program = folder.Read("app.cs").Split('\n').Where(line => !line.StartsWith("using UioInterop", StringComparison.Ordinal)
            && !line.StartsWith("using static", StringComparison.Ordinal) && !line.StartsWith("#:", StringComparison.Ordinal));
        folder.Write("app.cs", string.Join('\n', program));

        Assert.That(await folder.RunAsync("dotnet", ["run", folder.PathOf("app.cs"), "-p:PublishAot=false"]), Is.EqualTo("42\n"));
    }
}
