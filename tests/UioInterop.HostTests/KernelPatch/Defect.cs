using System.Text.RegularExpressions;
using UioInterop.Harness;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>
/// Something that earlier implementations of the import got wrong, as a patch that puts it into ours: tests/kernel/defects.
/// What it is, where it shows and which tests see it are the patch's first lines.
/// </summary>
internal sealed partial record Defect(string Name)
{
    private const string Folder = "defects";

    private readonly string _text = File.ReadAllText(Repository.At("tests", "kernel", Folder, $"{Name}.patch"));

    public static IReadOnlyList<Defect> All { get; } =
        [.. Directory.GetFiles(Repository.At("tests", "kernel", Folder), "*.patch").Order(StringComparer.Ordinal)
            .Select(path => new Defect(Path.GetFileNameWithoutExtension(path)))];

    /// <summary>Its number in the list of what they got wrong.</summary>
    public int Number => int.Parse(Name.AsSpan(0, 2), null);

    /// <summary>The machine it is put into.</summary>
    public Machine Machine
    {
        get
        {
            var machine = MachineList.Named(Header("Machine")!);
            return machine with { Kernel = machine.Kernel with { Name = $"{machine.Kernel.Name}, sound", Configuration = [.. machine.Kernel.Configuration, .. Configuration] } };
        }
    }

    public Machine DefectiveMachine => Machine with { Kernel = Machine.Kernel with { Name = Name, Patches = Path.Combine(Folder, $"{Name}.patch") } };

    /// <summary>A part of the names of the tests that see it; null when the kernel is not even built.</summary>
    public string? SeenBy => Header("Seen-by") is "the build" ? null : Header("Seen-by");

    private IEnumerable<string> Configuration =>
        Header("Configuration")?.Split(';', StringSplitOptions.TrimEntries) ?? [];

    private string? Header(string name) =>
        Lines().Matches(_text).FirstOrDefault(line => line.Groups[1].Value == name)?.Groups[2].Value;

    public override string ToString() => Name;

    [GeneratedRegex("^([A-Z][a-z-]+): (.+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Lines();
}
