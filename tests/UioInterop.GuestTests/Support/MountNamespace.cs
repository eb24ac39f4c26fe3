using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>A view of the file system that one thread has for itself, as a container has: what it mounts goes with it.</summary>
internal sealed partial class MountNamespace
{
    private const int Bound = 4096, Remount = 32, ReadOnlyFlag = 1; // MS_BIND, MS_REMOUNT, MS_RDONLY
    private const uint CharacterDevice = 0x2000;

    private int _files;

    private MountNamespace() { }

    /// <summary>Runs code in a namespace of its own, and throws what the code throws.</summary>
    public static void Run(Action<MountNamespace> action)
    {
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            try
            {
                Check(LibC.unshare(LibC.CLONE_NEWNS), "unshare");
                action(new MountNamespace());
            }
            catch (Exception e)
            {
                thrown = e;
            }
        });
        thread.Start();
        thread.Join();
        if (thrown is not null)
            ExceptionDispatchInfo.Throw(thrown);
    }

    /// <summary>Covers a folder with an empty one, which others than root may list or not.</summary>
    public MountNamespace Hide(string folder, string mode = "0755")
    {
        Check(mount("none", folder, "tmpfs", 0, $"mode={mode}"), folder);
        return this;
    }

    /// <summary>Mounts a file system that the kernel makes up.</summary>
    public static void Mount(string type, string folder) => Check(mount(type, folder, type, 0, null), folder);

    /// <summary>Puts other content in the place of a file.</summary>
    public MountNamespace Replace(string file, string content)
    {
        var other = Path.Combine(Path.GetTempPath(), $"replaced-{Environment.ProcessId}-{_files++}");
        File.WriteAllText(other, content);
        Check(mount(other, file, null, Bound, null), file);
        File.Delete(other); // the mount keeps it
        return this;
    }

    public MountNamespace MakeReadOnly(string mountPoint)
    {
        Check(mount("none", mountPoint, null, Remount | Bound | ReadOnlyFlag, null), mountPoint);
        return this;
    }

    /// <summary>Makes a node of the device that <paramref name="of"/> is a node of.</summary>
    public static void MakeNode(string path, ulong of, int mode = 0x180) =>
        Check(mknod(path, CharacterDevice | (uint)mode, of), path);

    /// <summary>The device number of a UIO device, or of another class's, as mknod(2) takes it.</summary>
    public static ulong DeviceOf(string name, string @class = "uio")
    {
        var parts = File.ReadAllText($"/sys/class/{@class}/{name}/dev").Trim().Split(':');
        return ulong.Parse(parts[0]) << 8 | ulong.Parse(parts[1]);
    }

    private static void Check(int result, string what)
    {
        if (result < 0)
            throw new IOException($"{what}: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string? type, ulong flags, string? data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mknod(string path, uint mode, ulong device);
}
