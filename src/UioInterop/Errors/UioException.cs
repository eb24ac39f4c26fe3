using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// A call that the kernel refused. It names the call, what it was made on, the error number, and the remedy.
/// <see cref="Exception.Message"/> says all of it in one sentence.
/// </summary>
/// <remarks>
/// The library throws this type for everything that depends on the machine. Mistakes of the program, such as an offset outside
/// of a buffer, are an <see cref="ArgumentException"/>, an <see cref="InvalidOperationException"/> or an
/// <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed class UioException : IOException
{
    /// <summary>Describes a failed call.</summary>
    /// <param name="call">The call, by the name its manual has.</param>
    /// <param name="device">What it was made on: the path of a device node or file.</param>
    /// <param name="errno">The error number, positive as in errno(3).</param>
    /// <param name="remedy">What the reader can do about it, as a sentence without its full stop.</param>
    /// <param name="cause">What led to it; may be null.</param>
    public UioException(string call, string device, int errno, string remedy, Exception? cause = null)
        : base($"{call} on {device} failed with {Interop.Errno.NameOf(errno)} ({errno}, {Interop.Errno.Describe(errno)}): {remedy}.", cause)
    {
        HResult = errno; // as the base class library's exceptions for system calls have it
        Call = call;
        Device = device;
        Errno = errno;
        Remedy = remedy;
    }

    /// <summary>The call that failed, by the name its manual has: <c>open</c>, <c>UIO_IOC_MAP_DMABUF</c>.</summary>
    public string Call { get; }

    /// <summary>What the call was made on: the path of a device node or file, or what was looked for.</summary>
    public string Device { get; }

    /// <summary>The error number, positive as in errno(3). <see cref="Exception.HResult"/> is the same.</summary>
    public int Errno { get; }

    /// <summary>The error's name, such as <c>ENOTTY</c>.</summary>
    public string ErrnoName => Interop.Errno.NameOf(Errno);

    /// <summary>What to do about it.</summary>
    public string Remedy { get; }

    /// <summary>The exception for a result that is a negative error number.</summary>
    internal static UioException From(string call, string device, long result) =>
        new(call, device, (int)-result, Remedies.For(call, device, (int)-result));

    /// <summary>The exception for something that .NET found missing without a system call to name.</summary>
    internal static UioException NotFound(string call, string device, string remedy) =>
        new(call, device, Interop.Errno.ENODEV, remedy);
}
