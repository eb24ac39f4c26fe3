using System.Globalization;

namespace UioInterop;

/// <summary>
/// Says which UIO device is meant: by number, node, UIO name, or the name of the device behind it. Numbers and nodes
/// depend on the order of probing; names and parents do not.
/// </summary>
public readonly record struct UioDeviceId
{
    private enum Kind { None, Number, Name, Parent }

    private readonly Kind _kind;
    private readonly int _number;
    private readonly string? _text;

    private UioDeviceId(Kind kind, int number, string? text) => (_kind, _number, _text) = (kind, number, text);

    /// <summary>By number: 0 is /dev/uio0.</summary>
    /// <param name="number">The number, not negative.</param>
    public static UioDeviceId FromNumber(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return new UioDeviceId(Kind.Number, number, null);
    }

    /// <summary>By node: <c>/dev/uio0</c>, or a link to it, such as one that udev made.</summary>
    /// <param name="path">The path.</param>
    /// <exception cref="ArgumentException">It does not lead to a node with the name of a UIO device.</exception>
    public static UioDeviceId FromPath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string target = Path.GetFileName(LinkTarget(path) ?? path);
        return TryGetNumber(target, out int number)
            ? FromNumber(number)
            : throw new ArgumentException($"{path} is not a node of a UIO device: those are /dev/uio0, /dev/uio1 and so on, and links to them.", nameof(path));
    }

    /// <summary>By the name that the UIO driver gave it, as in <c>/sys/class/uio/uio0/name</c>.</summary>
    /// <param name="name">The name. Several devices may have the same; opening then fails and lists them.</param>
    public static UioDeviceId FromName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new UioDeviceId(Kind.Name, 0, name);
    }

    /// <summary>By the name of the device behind it: a PCI address as <c>0000:00:02.0</c>, or a platform device as <c>ffa80000.dma</c>.</summary>
    /// <param name="parent">The last part of the device's path in /sys/devices.</param>
    public static UioDeviceId FromParent(string parent)
    {
        ArgumentException.ThrowIfNullOrEmpty(parent);
        return new UioDeviceId(Kind.Parent, 0, parent);
    }

    internal int? Number => _kind == Kind.Number ? _number : null;

    internal bool IsNone => _kind == Kind.None;

    internal bool Matches(UioDeviceInfo device) => _kind switch
    {
        Kind.Number => device.Number == _number,
        Kind.Name => device.Name == _text,
        Kind.Parent => device.ParentName == _text,
        _ => false,
    };

    internal static bool TryGetNumber(string node, out int number)
    {
        number = -1;
        return node.StartsWith("uio", StringComparison.Ordinal)
            && int.TryParse(node.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>The device in words: <c>/dev/uio0</c>, <c>UIO device named "edu"</c>.</summary>
    public override string ToString() => _kind switch
    {
        Kind.Number => $"/dev/uio{_number}",
        Kind.Name => $"UIO device named \"{_text}\"",
        Kind.Parent => $"UIO device of {_text}",
        _ => "no UIO device",
    };

    private static string? LinkTarget(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName;
        }
        catch (IOException)
        {
            return null; // not there: opening it says so, and lists what is
        }
    }
}
