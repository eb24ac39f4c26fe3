namespace UioInterop.Harness.Kernels;

/// <summary>A finished kernel in the cache.</summary>
/// <param name="Modules">The modules the variant loads, in the order in which they can be loaded.</param>
/// <param name="Selftests">The tests that come with its source, as programs.</param>
public sealed record KernelImage(
    string Directory, string Image, string Configuration, IReadOnlyList<string> Modules, IReadOnlyList<string> Selftests);
