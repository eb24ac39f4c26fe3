using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace UioInterop.Interop;

/// <summary>
/// Finds libuiodmabuf.so where a build, a package or a publish has put it.
/// </summary>
/// <remarks>
/// The loader finds a package's <c>runtimes/&lt;rid&gt;/native</c>, but not that of a project reference, where the file is
/// copied and nobody looks. So one resolver finds all of them.
/// </remarks>
internal static class NativeLibraryResolver
{
    private const string FileName = "lib" + Shim.Library + ".so";

    private static readonly Lock Gate = new();
    private static nint _library;

    [SuppressMessage("Usage", "CA2255", Justification = "The resolver has to be there before the first call, and a static constructor "
        + "would cost a check on every register access.")]
    [ModuleInitializer]
    internal static void Register() =>
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraryResolver).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != Shim.Library)
            return 0;

        lock (Gate)
        {
            if (_library == 0)
                _library = Load(assembly, searchPath);
            return _library;
        }
    }

    private static nint Load(Assembly assembly, DllImportSearchPath? searchPath)
    {
        var tried = new StringBuilder();

        foreach (string path in Candidates(assembly))
        {
            if (!File.Exists(path))
            {
                tried.Append($"\n  {path}: no such file");
                continue;
            }

            try
            {
                return NativeLibrary.Load(path);
            }
            catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
            {
                tried.Append($"\n  {path}: {error.Message}");
            }
        }

        // The host's search: a package's folder, which only the host knows, then LD_LIBRARY_PATH and the system's folders.
        if (NativeLibrary.TryLoad(Shim.Library, assembly, searchPath, out nint library))
            return library;

        throw new DllNotFoundException(
            $"{FileName}, the native part of UioInterop, was not found for {Rid}. In the source tree run " +
            "\"./build.sh native\" and build again; elsewhere put the file beside the program or into a folder of " +
            $"LD_LIBRARY_PATH. Tried:{tried}\n  {FileName}: not in the packages' folders, LD_LIBRARY_PATH or the system's folders");
    }

    private static string Rid =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "linux-x64" :
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" :
        RuntimeInformation.ProcessArchitecture == Architecture.Arm ? "linux-arm" :
        RuntimeInformation.RuntimeIdentifier;

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "An empty location, as in a single file, is skipped.")]
    private static IEnumerable<string> Candidates(Assembly assembly)
    {
        string program = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string? library = Path.GetDirectoryName(assembly.Location);

        // Where a single file has unpacked its native libraries (IncludeNativeLibrariesForSelfExtract), only the host knows.
        string searched = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        IEnumerable<string?> unpacked = searched.Split(':',
            StringSplitOptions.RemoveEmptyEntries).Select(Path.TrimEndingDirectorySeparator);

        foreach (string? folder in new[] { program, library }.Concat(unpacked).Distinct())
        {
            if (string.IsNullOrEmpty(folder))
                continue;

            yield return Path.Combine(folder, "runtimes", Rid, "native", FileName);
            yield return Path.Combine(folder, FileName);
        }
    }
}
