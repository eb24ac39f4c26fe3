using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tmds.Linux;
using Names = Mono.Unix.Native.Errno;

namespace UioInterop.Interop;

/// <summary>The error numbers that the library knows something about, and the names of all.</summary>
internal static class Errno
{
    public static int EPERM => LibC.EPERM;
    public static int ENOENT => LibC.ENOENT;
    public static int EINTR => LibC.EINTR;
    public static int EIO => LibC.EIO;
    public static int ENXIO => LibC.ENXIO;
    public static int EBADF => LibC.EBADF;
    public static int EAGAIN => LibC.EAGAIN;
    public static int ENOMEM => LibC.ENOMEM;
    public static int EACCES => LibC.EACCES;
    public static int EBUSY => LibC.EBUSY;
    public static int ENODEV => LibC.ENODEV;
    public static int EINVAL => LibC.EINVAL;
    public static int ENFILE => LibC.ENFILE;
    public static int EMFILE => LibC.EMFILE;
    public static int ENOTTY => LibC.ENOTTY;
    public static int EPIPE => LibC.EPIPE;
    public static int ENOSYS => LibC.ENOSYS;
    public static int EOPNOTSUPP => LibC.EOPNOTSUPP;
    public static int ECANCELED => LibC.ECANCELED;
    public static int ENOTUNIQ => LibC.ENOTUNIQ;
    public static int EEXIST => LibC.EEXIST;
    public static int EROFS => LibC.EROFS;
    public static int ENOBUFS => LibC.ENOBUFS;
    public static int EAFNOSUPPORT => LibC.EAFNOSUPPORT;
    public static int ENOMSG => LibC.ENOMSG;
    public static int EBADMSG => LibC.EBADMSG;
    public static int ENOTCONN => LibC.ENOTCONN;
    public static int ECONNRESET => LibC.ECONNRESET;
    public static int ECONNREFUSED => LibC.ECONNREFUSED;
    public static int ETOOMANYREFS => LibC.ETOOMANYREFS;
    public static int ENOSPC => LibC.ENOSPC;
    public static int ERANGE => LibC.ERANGE;
    public static int E2BIG => LibC.E2BIG;

    // The common names do not come from Mono's enumeration: without a free descriptor its assembly cannot be loaded, and EMFILE
    // could not be named.
    private static readonly Dictionary<int, string> s_names = new()
    {
        [EPERM] = nameof(EPERM), [ENOENT] = nameof(ENOENT), [EINTR] = nameof(EINTR), [EIO] = nameof(EIO),
        [ENXIO] = nameof(ENXIO), [EBADF] = nameof(EBADF), [EAGAIN] = nameof(EAGAIN), [ENOMEM] = nameof(ENOMEM),
        [EACCES] = nameof(EACCES), [EBUSY] = nameof(EBUSY), [ENODEV] = nameof(ENODEV), [EINVAL] = nameof(EINVAL),
        [ENFILE] = nameof(ENFILE), [EMFILE] = nameof(EMFILE), [ENOTTY] = nameof(ENOTTY), [EPIPE] = nameof(EPIPE),
        [ENOSYS] = nameof(ENOSYS), [EOPNOTSUPP] = nameof(EOPNOTSUPP), [ENOTUNIQ] = nameof(ENOTUNIQ),
        [ECANCELED] = nameof(ECANCELED), [EEXIST] = nameof(EEXIST), [EROFS] = nameof(EROFS), [ENOBUFS] = nameof(ENOBUFS),
        [EAFNOSUPPORT] = nameof(EAFNOSUPPORT),
        [ENOMSG] = nameof(ENOMSG), [EBADMSG] = nameof(EBADMSG), [ENOTCONN] = nameof(ENOTCONN),
        [ECONNRESET] = nameof(ECONNRESET), [ECONNREFUSED] = nameof(ECONNREFUSED),
        [ETOOMANYREFS] = nameof(ETOOMANYREFS), [ENOSPC] = nameof(ENOSPC), [ERANGE] = nameof(ERANGE), [E2BIG] = nameof(E2BIG),
    };

    /// <summary>The name of an error number, such as <c>EBUSY</c>; the number itself when it has none.</summary>
    public static string NameOf(int errno) =>
        s_names.TryGetValue(errno, out string? name) ? name : NameOfAny(errno);

    /// <summary>What the C library says about an error number.</summary>
    public static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    // A method of its own, for the assembly. Mono's enumeration has Linux's numbers, so its native helper, which may be
    // absent, is not needed.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string NameOfAny(int errno) =>
        Enum.GetName((Names)errno) ?? errno.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
