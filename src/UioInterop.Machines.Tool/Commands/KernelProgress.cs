using System.Diagnostics;
using System.Globalization;
using Spectre.Console;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Running;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>Builds kernels in front of a person: a bar on a terminal, a line every ten seconds elsewhere.</summary>
internal static class KernelProgress
{
    public static Task<KernelImage> BuildAsync(KernelVariant variant, CancellationToken cancel) =>
        BuildAsync(variant, AnsiConsole.Profile.Capabilities.Interactive, cancel);

    /// <summary>Without a bar, which would have the terminal to itself.</summary>
    public static Task<KernelImage> BuildBesideOthersAsync(KernelVariant variant, CancellationToken cancel) =>
        BuildAsync(variant, withBar: false, cancel);

    private static async Task<KernelImage> BuildAsync(KernelVariant variant, bool withBar, CancellationToken cancel)
    {
        if (await KernelBuilder.IsBuiltAsync(variant, cancel))
            return await KernelBuilder.EnsureAsync(variant, cancel: cancel);
        using var phase = Phases.Measure(Phases.Kernels);
        var clock = Stopwatch.StartNew();
        AnsiConsole.WriteLine($"Kernel for {variant}: not in the cache, building it. This takes minutes, once.");
        var image = withBar
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
