using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace UioInterop.Machines.Host;

/// <summary>Short hashes that tell whether something has to be made again.</summary>
internal static class Fingerprint
{
    public static string OfText(params IEnumerable<string> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts))))[..16];

    /// <summary>Names, sizes and times of all files below these paths; contents are not read.</summary>
    public static string OfFiles(params IEnumerable<string> paths) => OfText(
        paths.SelectMany(FilesBelow)
            .Order(StringComparer.Ordinal)
            .Select(path => new FileInfo(path))
            .Select(file => string.Create(
                CultureInfo.InvariantCulture, $"{file.FullName}|{file.Length}|{file.LastWriteTimeUtc.Ticks}")));

    private static IEnumerable<string> FilesBelow(string path)
    {
        if (File.Exists(path))
            return [path];
        if (!Directory.Exists(path))
            return [];
        return Directory.EnumerateFiles(path)
            .Concat(Directory.EnumerateDirectories(path).Where(IsSource).SelectMany(FilesBelow));
    }

    private static bool IsSource(string directory) =>
        Path.GetFileName(directory) is not ("bin" or "obj" or ".git")
        && new DirectoryInfo(directory).LinkTarget is null;
}
