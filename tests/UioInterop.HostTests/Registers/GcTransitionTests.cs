using System.Reflection;
using System.Runtime.InteropServices;
using NUnit.Framework;

namespace UioInterop.HostTests.Registers;

/// <summary>
/// A call without the garbage collector's transition must not block: while it runs, no collection can begin, and every
/// thread waits. One load or store qualifies, a system call does not.
/// </summary>
internal sealed class GcTransitionTests
{
    private static readonly string[] s_accessors =
    [
        .. from width in new[] { 8, 16, 32, 64 }
           from function in new[] { "read{0}", "write{0}", "write{0}_relaxed" }
           select "uiodmabuf_" + string.Format(null, function, width),
    ];

    [Test]
    public void Register_accessors_and_nothing_else_suppress_the_transition()
    {
        Assert.That(NativeFunctions(suppressed: true), Is.EquivalentTo(s_accessors));
        Assert.That(NativeFunctions(suppressed: false), Does.Contain("uiodmabuf_map").And.Contains("uiodmabuf_sync"));
    }

    // With what the generator of LibraryImport makes: stubs in the library's types, and local functions within them.
    private static string[] NativeFunctions(bool suppressed) =>
    [
        .. from type in typeof(UioDevice).Assembly.GetTypes()
           from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
           where method.Attributes.HasFlag(MethodAttributes.PinvokeImpl)
           where method.IsDefined(typeof(SuppressGCTransitionAttribute)) == suppressed
           select method.GetCustomAttribute<DllImportAttribute>()!.EntryPoint,
    ];
}
