using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace UioInterop.Prompt.Compiling;

/// <summary>The documentation beside an assembly, read when it is first asked for.</summary>
/// <param name="assembly">The assembly's path.</param>
internal sealed class XmlDocumentation(string assembly) : DocumentationProvider
{
    private Dictionary<string, string>? _members;

    public static string PathFor(string assembly) => Path.ChangeExtension(assembly, ".xml");

    /// <summary>The summary in a member's documentation, in one line; empty without one.</summary>
    public static string SummaryIn(string? documentation)
    {
        if (string.IsNullOrEmpty(documentation))
            return "";
        XElement? summary = XElement.Parse($"<member>{documentation}</member>").Descendants("summary").FirstOrDefault();
        foreach (XElement reference in summary?.Descendants().Where(one => one.IsEmpty).ToArray() ?? [])
        {
            XAttribute? named = reference.Attribute("cref") ?? reference.Attribute("langword") ?? reference.Attribute("name");
            string name = (named?.Value ?? "").Split('(')[0];
            reference.ReplaceWith(name[(name.LastIndexOfAny(['.', ':']) + 1)..]);
        }

        return string.Join(' ', (summary?.Value ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => assembly.GetHashCode(StringComparison.Ordinal);

    protected override string GetDocumentationForSymbol(
        string documentationMemberID, CultureInfo preferredCulture, CancellationToken cancellationToken = default) =>
        (_members ??= Read()).GetValueOrDefault(documentationMemberID, "");

    private Dictionary<string, string> Read()
    {
        try
        {
            return XDocument.Load(PathFor(assembly)).Descendants("member").Where(member => member.Attribute("name") is not null)
                .GroupBy(member => member.Attribute("name")!.Value)
                .ToDictionary(group => group.Key, group => string.Concat(group.First().Nodes()));
        }
        catch (Exception error) when (error is IOException or XmlException)
        {
            return [];
        }
    }
}
