using System.Globalization;
using System.Text;

namespace UioInterop.Machines.Guests;

/// <summary>
/// Writes the "newc" archive that a kernel unpacks as its first file system
/// (Documentation/driver-api/early-userspace/buffer-format.rst): headers of 13 hexadecimal numbers, everything
/// padded to four bytes, a trailer at the end.
/// </summary>
internal sealed class CpioWriter(Stream output) : IDisposable
{
    private const uint DirectoryType = 0x4000;
    private const uint CharacterDeviceType = 0x2000;
    private const uint FileType = 0x8000;
    private const uint LinkType = 0xA000;

    private readonly HashSet<string> _directories = [];
    private long _position;
    private uint _inode;

    public void AddFile(string path, string source, bool executable)
    {
        using var stream = File.OpenRead(source);
        AddFile(path, stream, stream.Length, executable);
    }

    public void AddText(string path, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        AddFile(path, new MemoryStream(bytes), bytes.Length, executable: false);
    }

    public void AddLink(string path, string target)
    {
        var bytes = Encoding.UTF8.GetBytes(target);
        AddParents(path);
        WriteHeader(path, LinkType | 0x1FF, bytes.Length);
        Write(bytes);
        Pad();
    }

    public void AddCharacterDevice(string path, uint major, uint minor)
    {
        AddParents(path);
        WriteHeader(path, CharacterDeviceType | 0x180, 0, major, minor);
    }

    public void AddDirectory(string path)
    {
        if (path.Length == 0 || !_directories.Add(path))
            return;
        AddParents(path);
        WriteHeader(path, DirectoryType | 0x1ED, 0);
    }

    private void AddFile(string path, Stream content, long length, bool executable)
    {
        AddParents(path);
        WriteHeader(path, FileType | (executable ? 0x1EDu : 0x1A4u), length);
        content.CopyTo(output);
        _position += length;
        Pad();
    }

    // The kernel makes no missing parents.
    private void AddParents(string path) => AddDirectory(Path.GetDirectoryName(path) ?? "");

    private void WriteHeader(string path, uint mode, long length, uint major = 0, uint minor = 0)
    {
        var name = Encoding.UTF8.GetBytes(path + '\0');
        uint[] numbers =
        [
            ++_inode, mode, 0, 0, 1, 0, checked((uint)length), 0, 0, major, minor, (uint)name.Length, 0,
        ];
        Write(Encoding.ASCII.GetBytes("070701" + string.Concat(numbers.Select(Hex))));
        Write(name);
        Pad();
    }

    private static string Hex(uint number) => number.ToString("X8", CultureInfo.InvariantCulture);

    private void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        _position += bytes.Length;
    }

    private void Pad() => Write(stackalloc byte[(int)(-_position & 3)]);

    /// <summary>Writes the trailer. The stream stays open.</summary>
    public void Dispose() => WriteHeader("TRAILER!!!", 0, 0);
}
