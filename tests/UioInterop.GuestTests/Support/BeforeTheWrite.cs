namespace UioInterop.GuestTests.Support;

/// <summary>
/// For what has to come between a start of edu and its write, 100 ms later. A busy host may let more pass between two lines: such
/// an attempt proves nothing, and is made again.
/// </summary>
internal static class BeforeTheWrite
{
    private const int Attempts = 20;

    /// <summary>
    /// Makes attempts until one left the buffer untouched. A device that is not stopped writes in each, and the test fails.
    /// </summary>
    /// <param name="attempt">Starts the write, ends it, and asserts what holds then, whether it came in time or not.</param>
    public static void Stop(Action<DmaBuf> attempt) => StopAsync(buffer =>
    {
        attempt(buffer);
        return Task.CompletedTask;
    }).GetAwaiter().GetResult();

    /// <inheritdoc cref="Stop"/>
    public static async Task StopAsync(Func<DmaBuf, Task> attempt)
    {
        for (var i = 0; i < Attempts; i++)
        {
            using var buffer = DmaHeap.Cma.Allocate(4096);
            await attempt(buffer);
            if (IsUntouched(buffer))
                return;
        }
        Assert.Fail($"the device wrote, in {Attempts} attempts");
    }

    /// <summary>Whether an attempt came in time: the device has written nothing.</summary>
    public static bool IsUntouched(DmaBuf buffer) => !buffer.ToArray<byte>().ContainsAnyExcept((byte)0);
}
