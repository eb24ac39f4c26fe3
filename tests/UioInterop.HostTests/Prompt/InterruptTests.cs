using NUnit.Framework;

namespace UioInterop.HostTests.Prompt;

/// <summary>Ctrl-C: the statement ends by what it takes, and the session goes on, with what was declared.</summary>
internal sealed class InterruptTests
{
    private const string Begun = "begun";

    // Whatever stays is in the background, and nothing of it is shown.
    [TestCase("for (;;) ;", "aborted")]
    [TestCase("Thread.Sleep(-1);", "interrupted")]
    [TestCase("new TaskCompletionSource().Task.Wait();", "interrupted")]
    [TestCase("await new TaskCompletionSource().Task;", "interrupted; what it awaited goes on, and nobody waits for it")]
    [TestCase("await Task.Delay(-1, token);", "interrupted")]
    [TestCase("await Task.Yield(); for (;;) ;", "aborted")]
    [TestCase("await Task.Yield(); Thread.Sleep(-1);", "interrupted")]
    [TestCase("Watch(() => 1);", "interrupted")]
    [TestCase("try { Thread.Sleep(-1); } catch (ThreadInterruptedException) { } for (;;) ;", "aborted")]
    public async Task A_statement_that_does_not_end_is_ended(string statement, string said)
    {
        var conversation = new Conversation(["var kept = 5;", $"Console.WriteLine(\"{Begun}\"); {statement}", "kept + 1"])
        {
            IsInteractive = true,
        };
        Task<int> run = conversation.RunAsync();
        await conversation.ShownAsync(Begun);

        conversation.Interrupt();

        Assert.That(await run, Is.Zero);
        Assert.That(conversation.Output.Split('\n')[^3..], Is.EqualTo((string[])[said, "6", ""]));
    }

    [TestCase("try { throw new Exception(); } finally { for (;;) ; }")]
    [TestCase("Lock(mutex); Lock(mutex);")]
    public async Task What_does_not_end_by_any_means_ends_with_its_agent(string statement)
    {
        var conversation = new Conversation(
            [
                "var gone = 5;", // What waits in native code, and goes on waiting after a signal.
                "nint mutex = Marshal.AllocHGlobal(256); Marshal.Copy(new byte[256], 0, mutex, 256);",
                "[DllImport(\"libc\", EntryPoint = \"pthread_mutex_lock\")] static extern int Lock(nint mutex);",
                $"Console.WriteLine(\"{Begun}\"); {statement}", "gone", "1 + 1",
            ])
        { IsInteractive = true };
        Task<int> run = conversation.RunAsync();
        await conversation.ShownAsync(Begun);
        conversation.Interrupt();
        await conversation.ShownAsync("Ctrl-C once more starts a new agent");

        conversation.Interrupt();

        Assert.That(await run, Is.Zero);
        Assert.That(conversation.Output, Does.Contain("All that was declared is gone."));
        Assert.That(conversation.Output, Does.Contain("CS0103"), "it is gone");
        Assert.That(conversation.Output, Does.EndWith("\n2\n"));
    }

    [Test]
    public async Task A_new_agent_is_had_by_its_word()
    {
        var (code, output) = await Conversation.RunAsync("int before = Environment.ProcessId;", "restart", "\"again\"", "before");

        Assert.That(output, Does.StartWith("\"again\"\n"));
        Assert.That(output, Does.Contain("CS0103"));
        Assert.That(code, Is.EqualTo(1));
    }
}
