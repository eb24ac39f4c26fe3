namespace UioInterop.Machines.Host;

/// <summary>One at a time over all processes, by a file. The system lets go when a process dies.</summary>
internal static class FileLock
{
    /// <summary>Waits until nobody else has it; half an hour at most.</summary>
    public static async Task<IDisposable> TakeAsync(string path, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        bound.CancelAfter(TimeSpan.FromMinutes(30));
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (true)
        {
            if (TryTake(path) is { } held)
                return held;
            await retry.WaitForNextTickAsync(bound.Token);
        }
    }

    private static FileStream? TryTake(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
