using System.Globalization;
using Mono.Unix.Native;

namespace UioInterop.Interop;

/// <summary>The names of users and groups; their numbers where they have none.</summary>
internal static class Accounts
{
    public static string UserName(uint id) => NameOr(id, static id => Syscall.getpwuid(id)?.pw_name);

    public static string GroupName(uint id) => NameOr(id, static id => Syscall.getgrgid(id)?.gr_name);

    /// <summary>Mono.Posix needs a native helper, which small images leave out. An error message must not fail for lack of it.</summary>
    private static string NameOr(uint id, Func<uint, string?> name)
    {
        try
        {
            return name(id) ?? id.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException)
        {
            return id.ToString(CultureInfo.InvariantCulture);
        }
    }
}
