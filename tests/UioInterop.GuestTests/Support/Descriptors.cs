using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>The descriptors of this process.</summary>
internal static class Descriptors
{
    public static int Count => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    public static bool IsClosedByExec(int number) => (LibC.fcntl(number, LibC.F_GETFD) & LibC.FD_CLOEXEC) != 0;

    /// <summary>Those that a child process would inherit, as paths.</summary>
    public static IEnumerable<string> Inheritable() =>
        from link in Directory.GetFileSystemEntries("/proc/self/fd")
        let number = int.Parse(Path.GetFileName(link), System.Globalization.CultureInfo.InvariantCulture)
        let flags = LibC.fcntl(number, LibC.F_GETFD)
        where flags >= 0 && (flags & LibC.FD_CLOEXEC) == 0
        select File.ResolveLinkTarget(link, returnFinalTarget: false)?.ToString() ?? link;
}
