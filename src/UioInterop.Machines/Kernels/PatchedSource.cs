using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>
/// A copy of the source that carries our patches. When the patches change, the old ones are taken back and the new
/// ones applied in the same place: untouched files keep their times, and make compiles only what changed.
/// </summary>
internal sealed class PatchedSource(KernelSource source)
{
    private readonly string _home = Cache.At("source", Fingerprint.OfText(source.Identity));

    public string Directory => Path.Combine(_home, "linux");

    /// <summary>A name for this source, whatever patches it carries.</summary>
    public string Key => Path.GetFileName(_home);

    private string Applied => Path.Combine(_home, "applied");

    private string Complete => Path.Combine(_home, "complete");

    /// <summary>Call it with the cache's lock held.</summary>
    public async Task EnsureAsync(IReadOnlyList<Patch> patches, IProgress<BuildProgress> progress, CancellationToken cancel)
    {
        if (!File.Exists(Complete))
            await UnpackAsync(progress, cancel);
        var applied = Patch.AllIn(Applied);
        if (applied.SequenceEqual(patches))
            return;
        progress.Report(new BuildProgress("applying patches"));
        // From here until the end the tree is in between; an interruption means unpacking again.
        File.Delete(Complete);
        // What both begin with stays: from one patch of a series to the next, make compiles what that one changes.
        var shared = applied.Zip(patches).TakeWhile(pair => pair.First == pair.Second).Count();
        foreach (var patch in applied.Skip(shared).Reverse())
            await TakeBackAsync(patch, cancel);
        foreach (var patch in patches.Skip(shared))
            await AddAsync(patch, cancel);
        await File.WriteAllTextAsync(Complete, source.Identity, cancel);
    }

    private async Task UnpackAsync(IProgress<BuildProgress> progress, CancellationToken cancel)
    {
        progress.Report(new BuildProgress("unpacking the source"));
        if (System.IO.Directory.Exists(_home))
            System.IO.Directory.Delete(_home, recursive: true);
        await source.CopyToAsync(Directory, cancel);
        await File.WriteAllTextAsync(Complete, source.Identity, cancel);
    }

    private async Task TakeBackAsync(Patch patch, CancellationToken cancel)
    {
        var copy = Path.Combine(Applied, patch.Name);
        await ApplyAsync(copy, cancel, "--reverse");
        File.Delete(copy);
    }

    private async Task AddAsync(Patch patch, CancellationToken cancel)
    {
        var copy = Path.Combine(System.IO.Directory.CreateDirectory(Applied).FullName, patch.Name);
        await File.WriteAllTextAsync(copy, patch.Text, cancel);
        await ApplyAsync(copy, cancel);
    }

    private async Task ApplyAsync(string file, CancellationToken cancel, params string[] options) =>
        await Shell.RunAsync(
            "git", ["apply", "--whitespace=nowarn", .. options, file], cancel, Directory,
            // Inside a repository of the user's, git would quietly skip every path that is not below this directory.
            new Dictionary<string, string?> { ["GIT_CEILING_DIRECTORIES"] = _home });
}
