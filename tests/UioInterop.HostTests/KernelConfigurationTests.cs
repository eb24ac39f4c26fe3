using NUnit.Framework;
using UioInterop.Machines;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests;

internal sealed class KernelConfigurationTests
{
    [Test]
    public void A_symbol_that_survived_is_not_lost() => Assert.That(
        KernelConfiguration.Lost("CONFIG_A=y\n# CONFIG_B is not set\n", "# a comment\nCONFIG_A=y\nCONFIG_C=m\n"), Is.Empty);

    [Test]
    public void A_dropped_symbol_is_named() => Assert.That(
        string.Join("; ", KernelConfiguration.Lost("CONFIG_A=y\n", "# CONFIG_A is not set\n")),
        Is.EqualTo("CONFIG_A=y, but it is n"));

    [Test]
    public void A_symbol_that_something_else_turned_on_is_named() => Assert.That(
        string.Join("; ", KernelConfiguration.Lost("# CONFIG_B is not set\n", "CONFIG_B=y\n")),
        Is.EqualTo("CONFIG_B=n, but it is y"));

    [Test]
    public void The_last_fragment_wins() => Assert.That(
        KernelConfiguration.Lost("CONFIG_UIO=y\nCONFIG_UIO=m\n", "CONFIG_UIO=m\n"), Is.Empty);

    // Where no patch adds an option, nothing asks for it.
    [TestCase(true)]
    [TestCase(false)]
    public void What_the_series_adds_is_asked_for_where_the_series_is(bool hasSeries)
    {
        var variant = MachineList.X64.Kernel with { HasSeries = hasSeries };

        Assert.That(KernelConfiguration.For(variant, Patch.For(variant)).Contains("CONFIG_UIO_DMABUF_ADDRESSES=y",
            StringComparison.Ordinal), Is.EqualTo(hasSeries));
    }
}
