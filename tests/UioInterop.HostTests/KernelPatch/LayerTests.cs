using System.Text.RegularExpressions;
using NUnit.Framework;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>Which file of the import calls which: as its header says, and never in a circle.</summary>
internal sealed partial class LayerTests
{
    private const string Header = "uio_dmabuf_mapping.h";

    private static readonly string s_folder = TestTree.PlainPathOf("drivers/uio");

    private static readonly Dictionary<string, string> s_sources = Directory.GetFiles(s_folder, "*.c")
        .ToDictionary(file => Path.GetFileName(file), file => CommentOrText().Replace(File.ReadAllText(file), " "));

    [Test]
    public void No_file_calls_another_that_calls_it_by_whatever_way()
    {
        var calls = Calls();
        while (calls.Where(file => file.Value.Count == 0).Select(file => file.Key).ToArray() is { Length: > 0 } leaves)
        {
            foreach (var leaf in leaves)
                calls.Remove(leaf);
            foreach (var called in calls.Values)
                called.ExceptWith(leaves);
        }

        Assert.That(calls.Select(file => $"{file.Key} calls {string.Join(", ", file.Value.Order())}"), Is.Empty);
    }

    [Test]
    public void Calls_go_down_the_list_in_the_header()
    {
        string[] order =
            [.. Layer().Matches(File.ReadAllText(Path.Combine(s_folder, Header))).Select(match => match.Groups[1].Value)];

        Assert.That(order, Is.EquivalentTo(s_sources.Keys), "each file has a place in the list");
        foreach (var (file, called) in Calls())
            Assert.That(called, Is.SubsetOf(order[(Array.IndexOf(order, file) + 1)..]), $"what {file} calls is below it");
    }

    private static Dictionary<string, HashSet<string>> Calls()
    {
        var definedIn = s_sources
            .SelectMany(file => Definition().Matches(file.Value).Select(match => (Name: match.Groups[1].Value, File: file.Key)))
            .ToDictionary(function => function.Name, function => function.File);
        Assert.That(definedIn, Has.Count.GreaterThan(s_sources.Count), "functions were found");
        return s_sources.ToDictionary(
            file => file.Key,
            file => Name().Matches(file.Value).Select(match => definedIn.GetValueOrDefault(match.Value)).OfType<string>()
                .Where(other => other != file.Key).ToHashSet());
    }

    // One that others may call: what follows its arguments is its body.
    [GeneratedRegex(@"^(?!static)[a-z][\w\s*]*?\b(uio_\w+)\([^;{]*\)\s*\{", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Definition();

    [GeneratedRegex(@"\buio_\w+\b", RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    [GeneratedRegex(@"/\*.*?\*/|//[^\n]*|""(\\.|[^""\\\n])*""", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex CommentOrText();

    [GeneratedRegex(@"^ \*\t(\w+\.c)\t", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Layer();
}
