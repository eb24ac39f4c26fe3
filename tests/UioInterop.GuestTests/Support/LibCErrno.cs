namespace UioInterop.GuestTests.Support;

/// <summary>errno values as constants, for attributes: the same on every architecture Linux runs on here.</summary>
internal static class LibCErrno
{
    public const int EIO = 5;
    public const int E2BIG = 7;
    public const int EACCES = 13;
    public const int EBUSY = 16;
    public const int EINVAL = 22;
    public const int ERANGE = 34;
    public const int EOPNOTSUPP = 95;
}
