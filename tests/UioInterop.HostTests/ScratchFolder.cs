using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;

namespace UioInterop.HostTests;

/// <summary>A folder outside of every repository, deleted at the end.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("uiointerop-").FullName;

    public string PathOf(string name) => Path.Combine(_path, name);

    public void Copy(string from, string name) => Copy(from, name, name);

    public void Copy(string from, string name, string to)
    {
        var target = Path.Combine(_path, to);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(Path.Combine(from, name), target);
    }

    public void Write(string name, string text) => File.WriteAllText(Path.Combine(_path, name), text);

    public string Read(string name) => File.ReadAllText(Path.Combine(_path, name));

    public Task<string> RunAsync(string program, IEnumerable<string> arguments) => RunIn(_path, program, arguments);

    public Task<string> CommitAsync(string message) =>
        RunAsync("git", ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--message", message]);

    /// <summary>All that the program said; the test fails when it fails.</summary>
    public static async Task<string> RunIn(string folder, string program, IEnumerable<string> arguments)
    {
        var result = await Cli.Wrap(program).WithArguments(arguments).WithWorkingDirectory(folder)
            .WithValidation(CommandResultValidation.None).ExecuteBoundedAsync();
        var output = result.StandardOutput + result.StandardError;
        Assert.That(result.IsSuccess, Is.True, $"{program}\n{output}");
        return output;
    }

    public void Dispose()
    {
        if (Directory.Exists(_path))
            Directory.Delete(_path, recursive: true);
    }
}
