using System.Text.RegularExpressions;
using UioInterop.Harness;
using UioInterop.Machines;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>
/// Something that earlier implementations of the import got wrong, as a patch that puts it into ours: tests/kernel/defects.
/// What it is, where it shows and which tests see it there are the patch's first lines.
/// </summary>
internal sealed partial record Defect(string Name)
{
    private const string Folder = "defects";

    private static readonly string s_folder = Repository.At("tests", "kernel", Folder);

    /// <summary>The name of the machine that it is for.</summary>
    public required string MachineName { get; init; }

    /// <summary>A part of the names of the tests that see it; null when the kernel is not even built.</summary>
    public required string? SeenBy { get; init; }

    public IReadOnlyList<string> Configuration { get; private init; } = [];

    /// <summary>The names of the patches.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Directory.GetFiles(s_folder, "*.patch").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!];

    /// <summary>All of them, on each machine that they are for.</summary>
    public static IReadOnlyList<Defect> All { get; } = [.. Files.SelectMany(Read)];

    /// <summary>Its number in the list of what they got wrong.</summary>
    public int Number => int.Parse(Name.AsSpan(0, 2), null);

    /// <summary>The machine it is put into.</summary>
    public Machine Machine
    {
        get
        {
            var machine = MachineList.Named(MachineName);
            return machine with { Kernel = machine.Kernel with
                { Name = $"{machine.Kernel.Name}, sound", Configuration = [.. machine.Kernel.Configuration, .. Configuration] } };
        }
    }

    public Machine DefectiveMachine =>
        Machine with { Kernel = Machine.Kernel with { Name = Name, Patches = Path.Combine(Folder, $"{Name}.patch") } };

    public override string ToString() => $"{Name} on {MachineName}";

    private static IEnumerable<Defect> Read(string name)
    {
        var text = File.ReadAllText(Path.Combine(s_folder, $"{name}.patch"));
        var configuration = Switches().Match(text).Groups[1].Value.Split(';',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return Places().Matches(text).Select(place => new Defect(name)
        {
            MachineName = place.Groups[1].Value,
            SeenBy = place.Groups[2].Value is "the build" ? null : place.Groups[2].Value,
            Configuration = configuration,
        });
    }

    [GeneratedRegex("^Machine: (.+)\nSeen-by: (.+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Places();

    [GeneratedRegex("^Configuration: (.+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Switches();
}
