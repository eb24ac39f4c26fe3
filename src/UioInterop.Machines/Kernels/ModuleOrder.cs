using System.Text;
using System.Text.RegularExpressions;

namespace UioInterop.Machines.Kernels;

/// <summary>
/// The order in which modules can be loaded. Each says in its .modinfo section, as zero-terminated "depends=a,b",
/// what it needs; reading that spares the guest a modprobe.
/// </summary>
internal static partial class ModuleOrder
{
    public static IReadOnlyList<string> Resolve(string objectDirectory, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
            return [];
        var built = File.ReadAllLines(Path.Combine(objectDirectory, "modules.order"))
            .Select(line => Path.ChangeExtension(line, ".ko"))
            .ToDictionary(NameOf);
        var order = new List<string>();
        foreach (var name in names)
            Add(name);
        return order;

        void Add(string name)
        {
            var path = built.GetValueOrDefault(NameOf(name))
                ?? throw new MachineException($"The kernel was built without the module {name}.");
            if (order.Contains(path))
                return;
            foreach (var needed in Needs(Path.Combine(objectDirectory, path)))
                Add(needed);
            order.Add(path);
        }
    }

    private static string NameOf(string path) => Path.GetFileNameWithoutExtension(path).Replace('-', '_');

    private static string[] Needs(string path) =>
        Depends().Match(File.ReadAllText(path, Encoding.Latin1)).Groups[1].Value
            .Split(',', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex("\0depends=([^\0]*)\0", RegexOptions.CultureInvariant)]
    private static partial Regex Depends();
}
