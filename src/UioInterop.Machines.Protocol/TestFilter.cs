namespace UioInterop.Machines.Protocol;

/// <summary>
/// Decides which tests run on a machine. A test's categories name what it needs ("iommu", "edu"), a machine's
/// traits name what it has; host and guest ask the same question and must come to the same list.
/// </summary>
/// <param name="Traits">What the machine has; null when categories do not matter.</param>
/// <param name="Text">A part of the full name, in any case; null for all.</param>
/// <param name="Only">A trait that a test must need: the others run on machines that are not as special.</param>
public sealed record TestFilter(IReadOnlyList<string>? Traits = null, string? Text = null, string? Only = null)
{
    /// <summary>Whether it lets a test through, by the full name and the categories.</summary>
    public bool Includes(string fullName, IEnumerable<string> categories)
    {
        var needs = categories.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return (Traits is null || needs.IsSubsetOf(Traits))
            && (Only is null || needs.Contains(Only))
            && (Text is null || fullName.Contains(Text, StringComparison.OrdinalIgnoreCase));
    }
}
