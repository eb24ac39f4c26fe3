namespace UioInterop.GuestTests.Support;

/// <summary>errno values as constants, for attributes: the same on every architecture Linux runs on here.</summary>
internal static class LibCErrno
{
    public const int EACCES = 13;
}
