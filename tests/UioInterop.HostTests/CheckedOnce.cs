using System.Runtime.CompilerServices;
using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Checks;
using UioInterop.Machines;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests;

/// <summary>
/// A check that is made once for the same inputs: the kernel's source, its patches and configuration, the tools, and the
/// files that the check itself is written in. It is not the test assembly, which every change of C# renews.
/// </summary>
internal static class CheckedOnce
{
    // What all of them go through.
    private static readonly string[] s_way =
    [
        Repository.At("tests", "UioInterop.HostTests", "KernelPatch", "TestTree.cs"),
        Repository.At("src", "UioInterop.Machines", "Kernels", "KernelTree.cs"),
        Repository.At("src", "UioInterop.Machines", "Kernels", "PatchedSource.cs"),
    ];

    /// <summary>A check of a patched kernel's source.</summary>
    /// <param name="variant">How it is configured.</param>
    /// <param name="patches">What it is patched with; null for all that the variant has.</param>
    /// <param name="tools">Programs that make the check, besides the compiler.</param>
    /// <param name="inputs">What else goes into it.</param>
    /// <param name="check">The check.</param>
    /// <param name="file">The file that it is written in.</param>
    public static async Task OfKernelAsync(
        KernelVariant variant, IReadOnlyList<Patch>? patches, IEnumerable<string> tools, IEnumerable<string> inputs, Func<Task> check,
        [CallerFilePath] string file = "")
    {
        var kernel = await KernelBuilder.FingerprintAsync(variant, patches ?? Patch.For(variant));
        var versions = await Task.WhenAll(tools.Select(VersionAsync));
        await OfAsync(Fingerprint.OfText([
            TestContext.CurrentContext.Test.FullName, kernel, .. versions, .. inputs, .. s_way.Append(file).Select(File.ReadAllText)]),
                check);
    }

    private static async Task OfAsync(string fingerprint, Func<Task> check)
    {
        if (PassedChecks.Contain(fingerprint))
            Assert.Pass(PassedChecks.AsBefore);
        await check();
        PassedChecks.Add(fingerprint, TestContext.CurrentContext.Test.FullName);
    }

    private static async Task<string> VersionAsync(string tool) =>
        (await Cli.Wrap(tool).WithArguments("--version").WithValidation(CommandResultValidation.None).ExecuteBufferedAsync())
            .StandardOutput;
}
