using System.Globalization;
using System.Runtime.InteropServices;

namespace UioInterop.GuestTests.Support;

/// <summary>A copy of this process that never calls exec(2): child.c. It ends with its object.</summary>
internal sealed partial class ForkedChild : IDisposable
{
    private readonly int _id = Fork();

    public ForkedChild() => Assert.That(_id, Is.Positive, "fork");

    public IReadOnlyList<MemoryMaps> Maps => MemoryMaps.All(_id.ToString(CultureInfo.InvariantCulture));

    public void Dispose() => Assert.That(End(_id), Is.Zero);

    [LibraryImport("guesttests", EntryPoint = "child_fork")]
    private static partial int Fork();

    [LibraryImport("guesttests", EntryPoint = "child_end")]
    private static partial int End(int child);
}
