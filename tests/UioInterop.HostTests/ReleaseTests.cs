using System.Xml.Linq;
using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests;

/// <summary>What a release leaves for the next one to be compared with.</summary>
internal sealed class ReleaseTests
{
    private static readonly string[] s_libraries =
        ["UioInterop", "UioInterop.Devices", "UioInterop.Machines", "UioInterop.Machines.Protocol"];

    [TestCaseSource(nameof(s_libraries))]
    public void A_library_is_compared_with_the_released_one(string library)
    {
        var project = XDocument.Load(Repository.At("src", library, $"{library}.csproj"));

        Assert.That(project.Descendants("EnablePackageValidation").Single().Value, Is.EqualTo("true"));
        Assert.That(File.Exists(Repository.At("src", library, "PublicAPI.Unshipped.txt")), Is.True);
    }

    // Both are made at a release, and none is forgotten.
    [Test]
    public void What_was_shipped_has_its_version()
    {
        var baseline = XDocument.Load(Repository.At("Directory.Build.props")).Descendants("PackageValidationBaselineVersion");
        var shipped = s_libraries.Where(library => File.ReadAllLines(Repository.At("src", library, "PublicAPI.Shipped.txt")).Length > 1);

        Assert.That(shipped, Is.EquivalentTo(baseline.Any() ? s_libraries : []));
    }
}
