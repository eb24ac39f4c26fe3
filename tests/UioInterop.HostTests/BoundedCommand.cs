using CliWrap;
using CliWrap.Buffered;
using UioInterop.Harness.Running;

namespace UioInterop.HostTests;

/// <summary>Programs of the host that end, whatever happens: after half an hour, as a busy host takes long, or with the run.</summary>
internal static class BoundedCommand
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(30);

    public static async Task<BufferedCommandResult> ExecuteBoundedAsync(this Command command)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(MachineRuns.Cancel);
        end.CancelAfter(s_longest);
        return await command.ExecuteBufferedAsync(end.Token);
    }
}
