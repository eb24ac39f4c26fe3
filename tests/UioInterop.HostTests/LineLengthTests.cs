using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests;

/// <summary>How long lines of C# are, which neither the compiler nor its analyzers look at.</summary>
internal sealed class LineLengthTests
{
    private const int Most = 140;

    private static readonly string[] s_folders = ["src", "tests"];

    [Test]
    public void A_line_has_at_most_140_columns() =>
        Assert.That(LongLines().Select(line => $"{line.Path}({line.Number})"), Is.Empty);

    private static IEnumerable<(string Path, int Number)> LongLines() =>
        from folder in s_folders
        from path in Directory.EnumerateFiles(Repository.At(folder), "*.cs", SearchOption.AllDirectories)
        let name = Path.GetRelativePath(Repository.Root, path)
        where !name.Split('/').Any(part => part is "bin" or "obj")
        from line in File.ReadLines(path).Index()
        where line.Item.Length > Most
        select (name, line.Index + 1);
}
