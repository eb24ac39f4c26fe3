using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>The descriptors of this process.</summary>
internal static class Descriptors
{
    /// <summary>What they refer to, without the assemblies, which the runtime loads and keeps open when it needs them.</summary>
    public static IReadOnlyList<string> Targets =>
        [.. Open().Select(descriptor => descriptor.Path).Where(path => !path.EndsWith(".dll", StringComparison.Ordinal)).Order()];

    /// <summary>The numbers that the next ones will have.</summary>
    public static IEnumerable<int> Free => Enumerable.Range(0, int.MaxValue).Where(number => LibC.fcntl(number, LibC.F_GETFD) < 0);

    /// <summary>Those whose paths begin with one of these: the runtime opens others whenever it likes.</summary>
    public static int CountOf(params string[] paths) => Open().Count(each => paths.Any(each.Path.StartsWith));

    public static bool IsClosedByExec(int number) => (LibC.fcntl(number, LibC.F_GETFD) & LibC.FD_CLOEXEC) != 0;

    /// <summary>A second descriptor of the file that this process has open under a path.</summary>
    public static SafeFileHandle DuplicateOf(string path) =>
        new(LibC.dup(Open().Single(descriptor => descriptor.Path == path).Number), ownsHandle: true);

    /// <summary>Those that a child process would inherit, as paths.</summary>
    public static IEnumerable<string> Inheritable() =>
        from descriptor in Open()
        where !IsClosedByExec(descriptor.Number)
        select descriptor.Path;

    /// <summary>What those of another process refer to.</summary>
    public static IReadOnlyList<string> OfProcess(int process) =>
        [.. Directory.GetFileSystemEntries($"/proc/{process}/fd").Select(Target)];

    /// <summary>Each with its number.</summary>
    public static IReadOnlyList<(int Number, string Path)> Numbered => [.. Open()];

    private static IEnumerable<(int Number, string Path)> Open() =>
        from link in Directory.GetFileSystemEntries("/proc/self/fd")
        let number = int.Parse(Path.GetFileName(link), CultureInfo.InvariantCulture)
        where LibC.fcntl(number, LibC.F_GETFD) >= 0 // not the one that listed them
        select (number, Target(link));

    // Another process closes what it likes meanwhile.
    private static string Target(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.ToString() ?? link;
        }
        catch (FileNotFoundException)
        {
            return link;
        }
    }
}
