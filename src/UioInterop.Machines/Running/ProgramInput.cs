using System.Text;

namespace UioInterop.Machines.Running;

/// <summary>
/// The input of a guest's program, in frames as tests/init/init.c takes them: a length in decimal, a newline, so many bytes.
/// A serial port has no end; a frame of 0 bytes says it.
/// </summary>
internal static class ProgramInput
{
    // What comes before the guest has the port open is lost, and the console may be late to say that it has.
    private const byte Ready = 6;

    /// <summary>Waits until the guest asks for it.</summary>
    public static async Task<bool> IsAskedForAsync(Stream port)
    {
        var first = new byte[1];
        return await port.ReadAsync(first) == 1 && first[0] == Ready;
    }

    public static async Task SendAsync(Stream from, Stream port, CancellationToken cancel)
    {
        var buffer = new byte[1024];
        try
        {
            int count;
            do
            {
                count = await from.ReadAsync(buffer, cancel);
                await port.WriteAsync(Encoding.ASCII.GetBytes($"{count}\n"), cancel);
                await port.WriteAsync(buffer.AsMemory(0, count), cancel);
            }
            while (count > 0);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The machine has ended: nobody takes the rest.
        }
    }
}
