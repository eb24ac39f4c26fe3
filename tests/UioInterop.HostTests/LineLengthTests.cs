using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests;

/// <summary>How long lines of C# are, which neither the compiler nor its analyzers look at.</summary>
internal sealed class LineLengthTests
{
    private const int Most = 140;

    private static readonly string[] s_folders = ["src", "tests"];

    // Files that have longer lines. None is added; whoever changes one wraps it.
    private static readonly string[] s_longer =
    [
        "tests/UioInterop.GuestTests/Support/DmaBufTable.cs",
        "tests/UioInterop.Harness/Commands/RunCommand.cs",
        "tests/UioInterop.Harness/Machines/MachineList.cs",
        "tests/UioInterop.HostTests/KernelPatch/CompileTests.cs",
        "tests/UioInterop.HostTests/KernelPatch/ModuleTests.cs",
        "tests/UioInterop.HostTests/KernelPatch/SeriesTests.cs",
        "tests/UioInterop.HostTests/KernelPatch/TestTree.cs",
    ];

    [Test]
    public void A_line_has_at_most_140_columns() =>
        Assert.That(LongLines().Where(line => !s_longer.Contains(line.Path)).Select(line => $"{line.Path}({line.Number})"), Is.Empty);

    [Test]
    public void No_file_is_excepted_that_need_not_be() =>
        Assert.That(s_longer.Except(LongLines().Select(line => line.Path)), Is.Empty, "wrapped by now: take it from the list");

    private static IEnumerable<(string Path, int Number)> LongLines() =>
        from folder in s_folders
        from path in Directory.EnumerateFiles(Repository.At(folder), "*.cs", SearchOption.AllDirectories)
        let name = Path.GetRelativePath(Repository.Root, path)
        where !name.Split('/').Any(part => part is "bin" or "obj")
        from line in File.ReadLines(path).Index()
        where line.Item.Length > Most
        select (name, line.Index + 1);
}
