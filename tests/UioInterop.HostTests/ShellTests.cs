using System.Text;
using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Machines;

namespace UioInterop.HostTests;

/// <summary>./build.sh shell: from a pipe, and at a terminal.</summary>
// Busybox is fetched, once.
[Category("thorough")]
internal sealed class ShellTests
{
    private static readonly string s_shell = $"dotnet {typeof(Repository).Assembly.Location} shell";

    [TestCase("x86-64", "x86_64")]
    [TestCase("zcu102", "aarch64")]
    public async Task Commands_of_a_pipe_run_in_the_machine(string machine, string processor)
    {
        var result = await (PipeSource.FromString("uname -m\nls /sys/class/uio | wc -l\nexit 5\n") | Cli.Wrap("bash")
            .WithArguments(["-c", $"{s_shell} --machine {machine}"])
            .WithValidation(CommandResultValidation.None)).ExecuteBoundedAsync();

        Assert.That(result.StandardOutput, Does.Match($"^{processor}\n[0-9]+\n$"), result.StandardError);
        Assert.That(result.ExitCode, Is.EqualTo(5));
    }

    // script(1) is a terminal.
    [Test]
    public async Task At_a_terminal_a_command_is_interrupted_and_the_machine_is_not()
    {
        using var screen = new Screen();
        var result = await Cli.Wrap("script")
            .WithArguments(["--quiet", "--return", "--command", $"stty rows 30 cols 100; {s_shell}", "/dev/null"])
            .WithStandardInputPipe(PipeSource.Create(TypeAsync))
            .WithStandardOutputPipe(PipeTarget.Create(screen.ReadAsync))
            .WithValidation(CommandResultValidation.None).ExecuteBoundedAsync();

        Assert.That(screen.Text, Does.Contain("/dev/pts/0").And.Contain("30 100"));
        Assert.That(screen.Text, Does.Contain("after"));
        Assert.That(result.ExitCode, Is.EqualTo(3), screen.Text);

        // What is typed is shown, too: the quotes keep it apart from what the commands say.
        async Task TypeAsync(Stream keyboard, CancellationToken cancel)
        {
            await screen.ShownAsync("# ", "", cancel);
            await keyboard.WriteAsync("tty; stty size; echo be''gun; sleep 10000\r"u8.ToArray(), cancel);
            await screen.ShownAsync("begun", "", cancel);
            await keyboard.WriteAsync("\u0003"u8.ToArray(), cancel);
            await screen.ShownAsync("# ", "begun", cancel);
            await keyboard.WriteAsync("echo af''ter; exit 3\r"u8.ToArray(), cancel);
            await screen.ShownAsync("after", "", cancel);
        }
    }

    private sealed class Screen : IDisposable
    {
        private readonly StringBuilder _text = new();
        private readonly SemaphoreSlim _more = new(0);

        public string Text
        {
            get
            {
                lock (_text)
                    return _text.ToString();
            }
        }

        public async Task ReadAsync(Stream stream, CancellationToken cancel)
        {
            var buffer = new byte[1024];
            while (await stream.ReadAsync(buffer, cancel) is > 0 and var count)
            {
                lock (_text)
                    _text.Append(Encoding.UTF8.GetString(buffer, 0, count));
                _more.Release();
            }
        }

        public void Dispose() => _more.Dispose();

        /// <summary>Waits for a text behind another one.</summary>
        public async Task ShownAsync(string text, string behind, CancellationToken cancel)
        {
            while (Text.IndexOf(behind, StringComparison.Ordinal) is var start
                && (start < 0 || !Text.AsSpan(start + behind.Length).Contains(text, StringComparison.Ordinal)))
                await _more.WaitAsync(cancel);
        }
    }
}
