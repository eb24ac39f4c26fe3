using System.Diagnostics;
using System.Globalization;
using Spectre.Console;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Commands;

/// <summary>Builds kernels in front of a person: a bar on a terminal, a line every ten seconds elsewhere.</summary>
internal static class KernelProgress
{
    public static async Task<KernelImage> BuildAsync(KernelVariant variant, CancellationToken cancel)
    {
        if (await KernelBuilder.IsBuiltAsync(variant, cancel))
            return await KernelBuilder.EnsureAsync(variant, cancel: cancel);
        var clock = Stopwatch.StartNew();
        AnsiConsole.WriteLine($"Kernel for {variant}: not in the cache, building it. This takes minutes, once.");
        var image = AnsiConsole.Profile.Capabilities.Interactive
            ? await WithBarAsync(variant, cancel)
            : await KernelBuilder.EnsureAsync(variant, new LineEveryTenSeconds(), cancel);
        AnsiConsole.WriteLine($"Kernel for {variant}: built in {Time(clock.Elapsed)}.");
        return image;
    }

    private static Task<KernelImage> WithBarAsync(KernelVariant variant, CancellationToken cancel) =>
        AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new ElapsedTimeColumn(), new SpinnerColumn())
            .StartAsync(context => KernelBuilder.EnsureAsync(variant, new Bar(context.AddTask("starting")), cancel));

    private static string Time(TimeSpan time) => time.ToString(@"m\:ss", CultureInfo.InvariantCulture);

    private sealed class Bar(ProgressTask task) : IProgress<BuildProgress>
    {
        public void Report(BuildProgress value)
        {
            task.Description = Markup.Escape(value.ToString());
            task.IsIndeterminate = value.Total is null;
            task.MaxValue = value.Total ?? 1;
            task.Value = value.Total is null ? 0 : Math.Min(value.Done, value.Total.Value);
        }
    }

    private sealed class LineEveryTenSeconds : IProgress<BuildProgress>
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private TimeSpan _next;
        private string _stage = "";

        public void Report(BuildProgress value)
        {
            if (value.Stage == _stage && _clock.Elapsed < _next)
                return;
            _stage = value.Stage;
            _next = _clock.Elapsed + TimeSpan.FromSeconds(10);
            AnsiConsole.WriteLine($"  {Time(_clock.Elapsed)}  {value}");
        }
    }
}
