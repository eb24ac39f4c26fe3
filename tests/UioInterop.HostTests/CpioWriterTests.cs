using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Machines.Guests;

namespace UioInterop.HostTests;

/// <summary>The archive is read back by cpio, not by ourselves.</summary>
internal sealed class CpioWriterTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("uio-cpio-").FullName;

    [OneTimeTearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task Cpio_lists_what_was_written()
    {
        var listing = await Cpio("--list", "--verbose", "--numeric-uid-gid", "--quiet");

        var entries = listing.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Shortened);
        Assert.That(string.Join('\n', entries), Is.EqualTo(
            """
            drwxr-xr-x a
            drwxr-xr-x a/b
            -rwxr-xr-x a/b/program
            -rw-r--r-- odd
            lrwxrwxrwx link -> a/b
            drwxr-xr-x dev
            crw------- dev/console
            """));
    }

    [TestCase("a/b/program", "12345")]
    [TestCase("odd", "é")]
    public async Task Contents_survive(string path, string content) =>
        Assert.That(await Cpio("--extract", "--to-stdout", "--quiet", path), Is.EqualTo(content));

    private async Task<string> Cpio(params string[] arguments)
    {
        var result = await (PipeSource.FromBytes(Archive()) | Cli.Wrap("cpio").WithArguments(arguments))
            .ExecuteBoundedAsync();
        Assert.That(result.StandardError, Is.Empty, "cpio skips what it does not understand, and says so here");
        return result.StandardOutput;
    }

    private byte[] Archive()
    {
        var program = Path.Combine(_directory, "program");
        File.WriteAllText(program, "12345");
        using var stream = new MemoryStream();
        using (var archive = new CpioWriter(stream))
        {
            archive.AddFile("a/b/program", program, executable: true);
            archive.AddText("odd", "é");
            archive.AddLink("link", "a/b");
            archive.AddCharacterDevice("dev/console", 5, 1);
        }
        return stream.ToArray();
    }

    // Mode and name. All files are as old as time itself.
    private static string Shortened(string line) =>
        line[..10] + line[(line.IndexOf("1970", StringComparison.Ordinal) + 4)..];
}
