namespace UioInterop.Prompt.Agent;

/// <summary>
/// Devices come to rest before memory goes: each on a thread of its own, so that one that does not stop does not hold up the others.
/// </summary>
internal static class Rest
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <summary>Stops all that are open. False when one did not stop in time.</summary>
    public static bool StopDevices() => ForAll(device => device.TryStopNow());

    /// <summary>Ends all waits and transfers.</summary>
    public static bool EndWaits() => ForAll(device => device.EndWaits());

    /// <summary>Closes all that are open.</summary>
    public static bool CloseDevices() => ForAll(device =>
    {
        device.Dispose();
        return true;
    });

    private static bool ForAll(Func<UioDevice, bool> act)
    {
        Task<bool>[] tasks = [.. UioDevice.OpenDevices.Select(device => Task.Factory.StartNew(
            () => Try(act, device), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        return Task.WaitAll(tasks, s_patience) && tasks.All(task => task.Result);
    }

    // A driver's Quiesce may be any code, at a prompt above all.
    private static bool Try(Func<UioDevice, bool> act, UioDevice device)
    {
        try
        {
            return act(device);
        }
        catch (Exception error)
        {
            Console.WriteLine($"{device.Info}: {error.Message}");
            return false;
        }
    }
}
