using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Machines;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>apply.sh and prepare.sh on trees as people have them.</summary>
[Category("thorough")]
internal sealed class ApplyTests : IDisposable
{
    private const string Tree = "linux";
    private const string Core = $"{Tree}/drivers/uio/uio.c";
    private const string XilinxCore = $"{Tree}/drivers/uio/uio_core.c";

    private static readonly string s_apply = Repository.At("kernel-patch", "apply.sh");

    private static readonly Machine[] s_machines = [MachineList.X64, MachineList.X64Linux61, MachineList.X64Linux73];

    private static readonly Dictionary<string, Action<ScratchFolder, string>> s_shapes = new()
    {
        ["newer"] = XilinxTree.MakeNewer,
        ["older"] = XilinxTree.MakeOlder,
    };

    private readonly Dictionary<string, ScratchFolder> _shipped = [];
    private ScratchFolder _folder = new();

    // What people have done to their tree, and what they are told.
    private static readonly Dictionary<string, (Action<ScratchFolder> Do, string Told)> s_refused = new()
    {
        ["no kernel"] = (folder => Directory.Delete(folder.PathOf($"{Tree}/drivers"), recursive: true), "it has no drivers/uio"),
        ["another release"] = (
            folder => Edit(folder, $"{Tree}/Makefile", "PATCHLEVEL = 12", "PATCHLEVEL = 11"),
            "This is Linux 6.11. The series is for linux-6.1 "),
        ["another core"] = (folder => Edit(folder, Core, "kfree(listener);\n\tput_device", "put_device"), "does not fit"),
        ["somebody's own import"] = (
            folder => Edit(folder, Core, "struct uio_listener {", "struct uio_listener {\n\tstruct list_head dmabufs;"),
            "struct list_head dmabufs;"),
        ["another import of Xilinx's"] = (folder =>
        {
            XilinxTree.MakeNewer(folder, Tree);
            Edit(
                folder, XilinxCore, "static const struct file_operations",
                "static int uio_attach_dmabuf(void) { return 0; }\n\nstatic const struct file_operations");
        }, "static int uio_attach_dmabuf"),
        ["another user of Xilinx's import"] = (folder =>
        {
            XilinxTree.MakeNewer(folder, Tree);
            folder.Write($"{Tree}/drivers/uio/uio_xilinx_ai_engine.c", "#include \"uio_dmabuf.h\"\n");
        }, "uio_xilinx_ai_engine.c"),
        ["another version of the series"] = (
            folder => folder.Write($"{Tree}/drivers/uio/uio_core.h", "\n"), "has another version of the series"),
    };

    public static IEnumerable<TestCaseData> Releases => s_machines.Select(machine =>
        new TestCaseData(machine.Kernel).SetName(
            machine == MachineList.X64Linux73
                ? $"Apply.{machine}, mainline"
                : $"Mainline_gets_what_the_patches_make({machine.Kernel.Release})"));

    public static IEnumerable<string> Refused => s_refused.Keys;

    [OneTimeSetUp]
    public Task TakeTurn() => TestTree.TakeTurnAsync();

    [OneTimeTearDown]
    public void EndTurn()
    {
        TestTree.EndTurn();
        foreach (var folder in _shipped.Values)
            folder.Dispose();
    }

    [SetUp]
    public void MakeFolder()
    {
        _folder.Dispose();
        _folder = new ScratchFolder();
    }

    [TearDown]
    public void Dispose() => _folder.Dispose();

    [TestCaseSource(nameof(Releases))]
    public async Task Mainline_gets_what_the_patches_make(KernelVariant kernel)
    {
        await ShipAsync(kernel.Release);

        var said = await ApplyAsync();

        Assert.That(said, Does.StartWith($"Linux {kernel.Release} with mainline's UIO core: the import is in.\n"));
        using var patched = await TestTree.OpenAsync(kernel);
        foreach (var (file, text) in Files("drivers/uio").Append(Header))
            Assert.That(text, Is.EqualTo(await File.ReadAllTextAsync(Path.Combine(patched.SourceDirectory, file))), file);
    }

    [Test]
    public async Task A_second_run_says_that_it_is_there([Values("6.1", "6.12")] string release)
    {
        await ShipAsync(release);
        await ApplyAsync();
        var before = Files("");

        Assert.That(await ApplyAsync(), Is.EqualTo($"Linux {release}: the import is there already.\n"));
        Assert.That(Files(""), Is.EqualTo(before));
    }

    [Test]
    public async Task Of_Xilinx_s_import_nothing_is_left([Values("newer", "older")] string shape)
    {
        await ShipAsync("6.12");
        s_shapes[shape](_folder, Tree);

        var said = await ApplyAsync();

        Assert.That(said, Does.StartWith("Linux 6.12 with Xilinx's UIO core: the import is in.\n"));
        var files = Files("drivers/uio");
        Assert.That(files.Keys, Does.Not.Contain("drivers/uio/uio.c"));
        using var patched = await TestTree.OpenAsync();
        foreach (var (file, text) in files.Append(Header).Where(file => !file.Key.EndsWith("uio_xilinx_apm.c", StringComparison.Ordinal)))
        {
            var expected = await File.ReadAllTextAsync(Path.Combine(patched.SourceDirectory, file));
            // What else is Xilinx's stays, and who has had the import need not look for its options.
            Assert.That(
                Path.GetFileName(file) switch
                {
                    "Makefile" => text.Replace("obj-$(CONFIG_UIO_XILINX_APM)\t+= uio_xilinx_apm.o\n", "", StringComparison.Ordinal),
                    "Kconfig" => text.Replace("user space\"\n\tdefault y\n", "user space\"\n", StringComparison.Ordinal)
                        .Replace("UIO devices\"\n\tdefault y\n", "UIO devices\"\n", StringComparison.Ordinal),
                    _ => text,
                },
                Is.EqualTo(expected), file);
        }
        Assert.That(files["drivers/uio/Kconfig"].Split("\tdefault y\n"), Has.Length.EqualTo(3), "both options are on");
        Assert.That(files["drivers/uio/uio_xilinx_apm.c"], Is.EqualTo("/* Xilinx's */\n"));
        Assert.That(files["drivers/uio/Makefile"], Does.Contain("uio_xilinx_apm.o"));
    }

    // What a program for the boards includes, and calls.
    [Test]
    public async Task A_board_s_client_compiles_as_before([Values] bool applied)
    {
        await ShipAsync("6.12");
        XilinxTree.MakeNewer(_folder, Tree);
        if (applied)
            await ApplyAsync();
        _folder.Write("client.c",
            """
            #include <assert.h>
            #include <stddef.h>
            #include <sys/ioctl.h>
            #include <linux/uio/uio.h>

            static_assert(UIO_IOC_MAP_DMABUF == 0xC0205501 && UIO_IOC_UNMAP_DMABUF == 0xC0205502, "numbers");
            static_assert(offsetof(struct uio_dmabuf_args, dbuf_fd) == 0 && offsetof(struct uio_dmabuf_args, dma_addr) == 8, "layout");
            static_assert(offsetof(struct uio_dmabuf_args, size) == 16 && offsetof(struct uio_dmabuf_args, dir) == 24, "layout");

            int map(int uio, struct uio_dmabuf_args *args)
            {
            	return ioctl(uio, UIO_IOC_MAP_DMABUF, args);
            }
            """);

        await _folder.RunAsync("gcc", ["-Wall", "-Werror", "-fsyntax-only", "-I", $"{Tree}/include/uapi", "client.c"]);
    }

    [TestCaseSource(nameof(Refused))]
    public async Task What_is_not_known_is_refused_and_stays_as_it_is(string change)
    {
        var (act, told) = s_refused[change];
        await ShipAsync("6.12");
        act(_folder);
        var before = Files("");

        var result = await RunAsync(s_apply, _folder.PathOf(Tree));

        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.StandardError, Does.Contain(told).And.EndsWith("Nothing was changed.\n"));
        Assert.That(Files(""), Is.EqualTo(before));
    }

    [Test]
    public async Task Prepare_takes_a_tree_and_leaves_it_as_it_is()
    {
        await ShipAsync("6.12");
        XilinxTree.MakeNewer(_folder, Tree);
        var before = Files("");

        var result = await RunAsync(Repository.At("kernel-patch", "module", "prepare.sh"), _folder.PathOf(Tree), _folder.PathOf("module"));

        Assert.That(result.StandardOutput, Is.EqualTo("Linux 6.12 with Xilinx's UIO core: the import is in.\n"), result.StandardError);
        Assert.That(Files(""), Is.EqualTo(before));
        using var patched = await TestTree.OpenAsync();
        var core = await File.ReadAllTextAsync(Path.Combine(patched.SourceDirectory, "drivers/uio/uio_core.c"));
        Assert.That(_folder.Read("module/uio_core.c"), Is.EqualTo(core));
        Assert.That(File.Exists(_folder.PathOf("module/uio_xilinx_apm.c")), Is.False);
    }

    [Test]
    public async Task Prepare_refuses_what_apply_does()
    {
        var (act, told) = s_refused["another import of Xilinx's"];
        await ShipAsync("6.12");
        act(_folder);

        var result = await RunAsync(Repository.At("kernel-patch", "module", "prepare.sh"), _folder.PathOf(Tree), _folder.PathOf("module"));

        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.StandardError, Does.Contain(told));
        Assert.That(Directory.Exists(_folder.PathOf("module")), Is.False);
    }

    private KeyValuePair<string, string> Header =>
        new("include/uapi/linux/uio/uio.h", _folder.Read($"{Tree}/include/uapi/linux/uio/uio.h"));

    /// <summary>The part of a kernel's source that the scripts look at, as Debian ships it.</summary>
    private async Task ShipAsync(string release)
    {
        if (!_shipped.TryGetValue(release, out var shipped))
        {
            _shipped[release] = shipped = new ScratchFolder();
            string[] parts = ["Makefile", "drivers/uio", "include/uapi/linux/uio.h"];
            await shipped.RunAsync(
                "tar",
                [
                    "-xJf", KernelSource.TarballOf(release), "--transform", $"s,^[^/]*,{Tree},",
                    .. parts.Select(part => $"{KernelSource.PackageOf(release)}/{part}"),
                ]);
        }
        await shipped.RunAsync("cp", ["-a", Tree, _folder.PathOf("")]);
    }

    private async Task<string> ApplyAsync()
    {
        var result = await RunAsync(s_apply, _folder.PathOf(Tree));
        Assert.That(result.IsSuccess, Is.True, result.StandardError);
        return result.StandardOutput;
    }

    // Not everybody has git.
    private async Task<BufferedCommandResult> RunAsync(string script, params string[] arguments)
    {
        Directory.CreateDirectory(_folder.PathOf("bin"));
        _folder.Write("bin/git", "#!/bin/sh\necho git was called >&2\nexit 9\n");
        await _folder.RunAsync("chmod", ["+x", "bin/git"]);
        return await Cli.Wrap(script).WithArguments(arguments).WithValidation(CommandResultValidation.None)
            .WithEnvironmentVariables(path => path.Set("PATH", $"{_folder.PathOf("bin")}:{Environment.GetEnvironmentVariable("PATH")}"))
            .ExecuteBoundedAsync();
    }

    private SortedDictionary<string, string> Files(string folder) => new(
        Directory.EnumerateFiles(
                _folder.PathOf($"{Tree}/{folder}"), "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .ToDictionary(file => Path.GetRelativePath(_folder.PathOf(Tree), file), File.ReadAllText),
        StringComparer.Ordinal);

    private static void Edit(ScratchFolder folder, string file, string from, string to)
    {
        var text = folder.Read(file);
        Assert.That(text, Does.Contain(from));
        folder.Write(file, text.Replace(from, to, StringComparison.Ordinal));
    }
}
