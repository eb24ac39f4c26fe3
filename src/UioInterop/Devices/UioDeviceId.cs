using System.Globalization;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// Says which UIO device is meant: by number, node or UIO name, or by the device behind it: its name, PCI address, or
/// place in the device tree. Only numbers depend on the order of probing.
/// </summary>
/// <remarks>An id is only a name: the device is looked up when the id is used. Opening fails when several devices match.</remarks>
public readonly record struct UioDeviceId
{
    private enum Kind { None, Any, Number, Path, Name, Parent, PciAddress, DeviceTreeNode, DeviceTreeAlias, Compatible }

    private readonly Kind _kind;
    private readonly int _number;
    private readonly string? _text;

    private UioDeviceId(Kind kind, int number, string? text) => (_kind, _number, _text) = (kind, number, text);

    /// <summary>
    /// By any of its names: the UIO name, its number (<c>0</c> or <c>uio0</c>), the path of its node, its parent, PCI
    /// address, device-tree node or alias, or <c>compatible</c>. Opening fails when several devices match in any of these ways.
    /// </summary>
    /// <param name="text">The name, number or path.</param>
    /// <exception cref="ArgumentException">It is the path of something else than a UIO device's node.</exception>
    public static UioDeviceId From(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return text[0] != '/' ? new UioDeviceId(Kind.Any, 0, text)
            : Path.Exists(text) || text.StartsWith("/dev/", StringComparison.Ordinal) ? FromPath(text)
            : FromDeviceTreeNode(text);
    }

    /// <summary>Makes an id of a name, as <see cref="From"/> does.</summary>
    /// <param name="text">The name, number or path.</param>
    public static implicit operator UioDeviceId(string text) => From(text);

    /// <summary>By number: 0 is /dev/uio0.</summary>
    /// <param name="number">The number, not negative.</param>
    public static UioDeviceId FromNumber(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return new UioDeviceId(Kind.Number, number, null);
    }

    /// <summary>
    /// By node, under any name: <c>/dev/uio0</c>, one that mknod(1) or a container made, or a link, such as one that
    /// udev made or will make. The node's device number decides which device that is.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <exception cref="ArgumentException">There is something else at this path.</exception>
    public static UioDeviceId FromPath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Syscalls.GetStatus(path, out FileStatus status) >= 0)
        {
            if (status.Device is not { } node)
                throw new ArgumentException($"{path} is not a device node. UIO devices have /dev/uio0 and so on, links to those, "
                    + "and nodes made by mknod(1).", nameof(path));
            if (SysFs.ReadSubsystem(node) is { } subsystem and not "uio")
                throw new ArgumentException($"{path} is a node of another kind of device ({subsystem} {node}).", nameof(path));
        }

        return new UioDeviceId(Kind.Path, 0, path);
    }

    /// <summary>By the name that the UIO driver gave it, as in <c>/sys/class/uio/uio0/name</c>.</summary>
    /// <param name="name">The name. Several devices may have the same; opening then fails and lists them.</param>
    public static UioDeviceId FromName(string name) => OfText(Kind.Name, name);

    /// <summary>By the name of the device behind it: a platform device as <c>ffa80000.dma</c>, or a PCI address.</summary>
    /// <param name="parent">The last part of the device's path in /sys/devices.</param>
    public static UioDeviceId FromParent(string parent) => OfText(Kind.Parent, parent);

    /// <summary>By the address of the PCI function behind it.</summary>
    /// <param name="address">The address, <c>0000:00:02.0</c>, or <c>00:02.0</c> for one in domain 0.</param>
    /// <exception cref="ArgumentException">It is not a PCI address.</exception>
    public static UioDeviceId FromPciAddress(string address)
    {
        ArgumentException.ThrowIfNullOrEmpty(address);
        return PciFunction.TryParseAddress(address, out string full)
            ? new UioDeviceId(Kind.PciAddress, 0, full)
            : throw new ArgumentException($"\"{address}\" is not a PCI address. One is domain:bus:device.function in hexadecimal, such as "
                + "0000:00:02.0, or 00:02.0 in domain 0.", nameof(address));
    }

    /// <summary>By the device-tree node of the device behind it.</summary>
    /// <param name="node">The node's full path: <c>/axi/dma@fd500000</c>.</param>
    /// <exception cref="ArgumentException">The path does not begin at the root.</exception>
    public static UioDeviceId FromDeviceTreeNode(string node)
    {
        ArgumentException.ThrowIfNullOrEmpty(node);
        return node[0] == '/'
            ? new UioDeviceId(Kind.DeviceTreeNode, 0, node)
            : throw new ArgumentException($"\"{node}\" is not the full path of a node, such as /axi/dma@fd500000. For an "
                + "alias use FromDeviceTreeAlias.", nameof(node));
    }

    /// <summary>By an alias of the device-tree node behind it, a property of <c>/aliases</c>.</summary>
    /// <param name="alias">The alias: <c>dma0</c>.</param>
    public static UioDeviceId FromDeviceTreeAlias(string alias) => OfText(Kind.DeviceTreeAlias, alias);

    /// <summary>By one of the <c>compatible</c> strings of the device-tree node behind it.</summary>
    /// <param name="compatible">
    /// The string: <c>xlnx,zynqmp-dma-1.0</c>. Several devices may have the same; opening then fails and lists them.
    /// </param>
    public static UioDeviceId FromCompatible(string compatible) => OfText(Kind.Compatible, compatible);

    /// <summary>The device in words: <c>/dev/uio0</c>, <c>UIO device named "edu"</c>.</summary>
    public override string ToString() => _kind switch
    {
        Kind.Number => $"/dev/uio{_number}",
        Kind.Path => _text!,
        Kind.Name => $"UIO device named \"{_text}\"",
        Kind.Parent => $"UIO device of {_text}",
        Kind.PciAddress => $"UIO device of PCI function {_text}",
        Kind.DeviceTreeNode => $"UIO device of device-tree node {_text}",
        Kind.DeviceTreeAlias => $"UIO device of device-tree alias {_text}",
        Kind.Compatible => $"UIO device compatible with {_text}",
        Kind.Any => $"UIO device \"{_text}\"",
        _ => "no UIO device",
    };

    internal void ThrowIfNone(string parameter)
    {
        if (_kind == Kind.None)
            throw new ArgumentException("The id is empty: make one with UioDeviceId.FromNumber, FromName or another From method.",
                parameter);
    }

    /// <summary>Reads the device if the id itself says which it is, without looking at the others.</summary>
    /// <param name="device">The device; null when it is not there.</param>
    /// <returns>Whether the id itself says which device it is.</returns>
    internal bool TryRead(out UioDeviceInfo? device)
    {
        device = _kind switch
        {
            Kind.Number => SysFs.ReadUioDevice(_number),
            Kind.Path when Syscalls.GetStatus(_text!, out FileStatus status) >= 0 && status.Device is { } node
                => SysFs.ReadUioDevice(node, LinkTarget(_text!) ?? Path.GetFullPath(_text!)),
            _ => null,
        };
        return _kind is Kind.Number or Kind.Path;
    }

    internal bool Matches(UioDeviceInfo device) => _kind switch
    {
        Kind.Any =>
            device.Name == _text || device.Number == NumberIn(_text!) || IsOf(device.ParentName, device.DeviceTreeNode, device.Compatible),
        Kind.Name => device.Name == _text,
        _ => IsOf(device.ParentName, device.DeviceTreeNode, device.Compatible),
    };

    /// <summary>Whether the id names this device on its bus, with or without a UIO device.</summary>
    internal bool IsOf(BusDevice device)
    {
        if (_kind is Kind.Parent or Kind.PciAddress)
            return device.Name == _text;

        (string node, IReadOnlyList<string> compatible) = SysFs.ReadDeviceTreeNode(device.Folder);
        return IsOf(device.Name, node, compatible);
    }

    /// <summary>
    /// Why no device can match the id, as far as /sys tells without UIO devices; null when it does not tell.
    /// </summary>
    internal string? WhyUnknown() => _kind switch
    {
        Kind.Parent or Kind.PciAddress => BusDevice.NoSuchDevice(_text!),
        Kind.DeviceTreeNode or Kind.DeviceTreeAlias or Kind.Compatible when !SysFs.HasDeviceTree => "this machine has no device tree",
        Kind.DeviceTreeNode => WhyUnknown(_text!),
        Kind.DeviceTreeAlias => SysFs.ReadDeviceTreeAliases() is var aliases && aliases.TryGetValue(_text!, out string? node)
            ? $"the alias stands for {node}; {WhyUnknown(node)}"
            : aliases.Count == 0 ? "the device tree has no aliases"
            : $"the device tree has no such alias; it has: {string.Join(", ", aliases.Select(a => $"{a.Key} = {a.Value}"))}",
        Kind.Compatible => "no platform device or PCI function was made from a node with that",
        Kind.Any => "no UIO device has that name, number, parent, PCI address, device-tree alias or compatible string",
        _ => null,
    };

    private static int NumberIn(string text) =>
        SysFs.TryGetNumber(text, out int number) || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
            ? number : -1;

    private static UioDeviceId OfText(Kind kind, string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return new UioDeviceId(kind, 0, text);
    }

    private bool IsOf(string parent, string node, IReadOnlyList<string> compatible) => _kind switch
    {
        Kind.Any => parent == _text || compatible.Contains(_text) || IsAliasOf(node)
            || (PciFunction.TryParseAddress(_text!, out string address) && parent == address),
        Kind.Parent or Kind.PciAddress => parent == _text,
        Kind.DeviceTreeNode => node == _text,
        Kind.DeviceTreeAlias => IsAliasOf(node),
        Kind.Compatible => compatible.Contains(_text),
        _ => false,
    };

    private bool IsAliasOf(string node) =>
        node.Length > 0 && SysFs.ReadDeviceTreeAliases().TryGetValue(_text!, out string? target) && node == target;

    private static string WhyUnknown(string node)
    {
        if (!SysFs.HasDeviceTreeNode(node))
            return $"the device tree has no node {node}";

        return SysFs.ReadDeviceTreeStatus(node) is { } status and not ("okay" or "ok")
            ? $"the device tree has {node} with status \"{status}\": no device is made from that"
            : $"the device tree has {node}, but no platform device or PCI function was made from it: its bus may lack "
                + "a driver, or \"simple-bus\"";
    }

    private static string? LinkTarget(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName;
        }
        catch (IOException)
        {
            return null; // not there, or not yet
        }
    }
}
