using NUnit.Framework;

namespace UioInterop.HostTests.Prompt;

/// <summary>A line that damages what it carries: what was damaged is sent again, and runs once.</summary>
internal sealed class LossyLineTests
{
    [TestCase(5_003)]
    [TestCase(10_007)]
    public async Task Statements_run_once_each(int every)
    {
        // The library's assemblies come over a line that is good, and are kept.
        await Conversation.RunAsync("1");
        string[] statements = ["int count = 0;", .. Enumerable.Repeat("count++;", 20), "count"];
        var conversation = new Conversation(statements);

        Assert.That(await conversation.RunAsync(change: link => new LossyLink(link, every)), Is.Zero);
        Assert.That(conversation.Output, Does.Match(@"(^|[^0-9])20\n$"));
    }
}
