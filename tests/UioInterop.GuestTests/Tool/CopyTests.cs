using UioInterop.GuestTests.Support;
using UioInterop.Tool;

namespace UioInterop.GuestTests.Tool;

/// <summary>Engines whose node says no more than that it is UIO's.</summary>
internal sealed class CopyTests
{
    [Test, Category(Needs.Zdma), Category(Needs.GenericUio), Category(Needs.Import)]
    public void A_channel_of_ZDMA_copies() => Copies("zdma0", "zdma");

    [Test, Category(Needs.Logic)]
    public void AXI_DMA_copies_through_its_stream() => Copies("dma-sg", "axi-dma");

    [Test, Category(Needs.GenericUio)]
    public void A_device_that_no_driver_knows_is_not_tried()
    {
        var run = ToolRun.Of("copy", "no-registers");

        Assert.That(run.Code, Is.EqualTo(ExitCode.Failed));
        Assert.That(run.Error, Does.Contain("zdma").And.Contains("axi-dma").And.Contains("edu"));
    }

    private static void Copies(string name, string kind)
    {
        var copy = ToolRun.Json("copy", name, "--kind", kind, "--size", "8192", "--times", "2");

        Assert.That((copy.GetProperty("isEqual").GetBoolean(), copy.GetProperty("times").GetInt32()), Is.EqualTo((true, 2)));
    }
}
