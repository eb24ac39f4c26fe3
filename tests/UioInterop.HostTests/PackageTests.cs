using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Running;
using UioInterop.HostTests.Prompt;
using UioInterop.Machines;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests;

/// <summary>./build.sh pack, and what a stranger does with the packages: the lines of the README.</summary>
// Its native parts take compilers for other processors.
[Category("thorough")]
internal sealed class PackageTests : IDisposable
{
    private const string Source = "/path/to/uiointerop/artifacts/packages";

    private const string Program = """
        using UioInterop;
        using UioInterop.Devices;

        DriverBinding.Bind("0000:00:01.0", "uio_pci_generic");
        using EduDevice edu = EduDevice.Open("0000:00:01.0");
        using var source = edu.Device.Allocate<uint>(512, DmaDirection.ToDevice);
        using var target = edu.Device.Allocate<uint>(512, DmaDirection.FromDevice);
        source.Write(Enumerable.Range(1, 512).Select(i => (uint)i).ToArray());
        edu.CopyToDevice(source, 0, 2048, TimeSpan.FromSeconds(50));
        edu.CopyFromDevice(target, 0, 2048, TimeSpan.FromSeconds(50));
        Console.WriteLine($"the same: {target.ToArray().SequenceEqual(source.ToArray())}");
        var libraries = Directory.GetFiles(AppContext.BaseDirectory, "libuiodmabuf.*");
        Console.WriteLine($"libraries: {string.Join(' ', libraries.Select(Path.GetFileName))}");
        """;

    // Nobody has a package of this version in a cache.
    private static readonly string s_version = $"0.0.{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}";

    private readonly ScratchFolder _feed = new();
    private string _said = "";

    [OneTimeSetUp]
    public async Task Pack()
    {
        // It makes the native library, and others do as well.
        using var turn = await Artifacts.LockAsync("native", MachineRuns.Cancel);
        _said = await ScratchFolder.RunIn(
            Repository.Root, Repository.At("build.sh"),
            ["pack", $"-p:PackageOutputPath={_feed.PathOf("")}", $"-p:PackageVersion={s_version}"]);
    }

    public void Dispose() => _feed.Dispose();

    [Test]
    public void Packing_warns_of_nothing() => Assert.That(_said, Does.Not.Contain("warning"));

    [TestCase("linux-x64", 2, 62)]
    [TestCase("linux-arm64", 2, 183)]
    [TestCase("linux-arm", 1, 40)]
    public void The_native_library_is_for(string runtime, byte wordSize, short machine)
    {
        using ZipArchive package = Open("UioInterop", "nupkg");

        // elf(5): EI_CLASS, e_type 3 is a shared object, e_machine.
        byte[] head = Head(package, $"runtimes/{runtime}/native/libuiodmabuf.so");
        Assert.That(head[..4], Is.EqualTo("\u007fELF"u8.ToArray()));
        Assert.That(head[4], Is.EqualTo(wordSize));
        Assert.That(BitConverter.ToInt16(head, 16), Is.EqualTo(3));
        Assert.That(BitConverter.ToInt16(head, 18), Is.EqualTo(machine));
        Assert.That(Head(package, $"buildTransitive/{runtime}/libuiodmabuf.a")[..8], Is.EqualTo("!<arch>\n"u8.ToArray()));
    }

    [TestCase("UioInterop")]
    [TestCase("UioInterop.Devices")]
    [TestCase("UioInterop.Machines")]
    [TestCase("UioInterop.Machines.Protocol")]
    public void A_package_says_what_it_is(string name)
    {
        using ZipArchive package = Open(name, "nupkg");
        using ZipArchive symbols = Open(name, "snupkg");
        XElement metadata;
        using (Stream nuspec = package.GetEntry($"{name}.nuspec")!.Open())
            metadata = XDocument.Load(nuspec).Root!.Elements().Single();

        string Said(string element) => metadata.Elements().Single(one => one.Name.LocalName == element).Value;
        Assert.That(Said("license"), Is.EqualTo("MIT"));
        Assert.That(Said("readme"), Is.EqualTo("README.md"));
        Assert.That(Said("tags"), Does.Contain("dma-buf"));
        Assert.That(Said("description"), Is.Not.Empty);
        string[] files = [.. package.Entries.Select(entry => entry.FullName)];
        Assert.That(files, Does.Contain("README.md").And.Contain("icon.png").And.Contain($"lib/net10.0/{name}.xml"));
        Assert.That(symbols.Entries.Select(entry => entry.FullName), Does.Contain($"lib/net10.0/{name}.pdb"));
        // The same wherever it is built.
        Assert.That(Text(package, $"lib/net10.0/{name}.dll"), Does.Not.Contain(Repository.Root));
    }

    // After a release, that is what PackageValidationBaselineVersion in Directory.Build.props compares with.
    [TestCase("public static string ToLine(", "public static string ToLine(", null)]
    [TestCase("public static string ToLine(", "public static string AsLine(", "CP0002")]
    public async Task A_package_that_lacks_what_an_earlier_one_had_is_not_packed(string name, string other, string? error)
    {
        const string Project = "UioInterop.Machines.Protocol";
        using var root = new ScratchFolder();
        foreach (string file in (string[])[
            "Directory.Build.props", "Directory.Packages.props", "src/icon.png", "src/UioInterop.Machines/README.md",
            .. Directory.GetFiles(Repository.At("src", Project)).Select(path => $"src/{Project}/{Path.GetFileName(path)}")])
            root.Copy(Repository.Root, file);
        string changed = $"src/{Project}/GuestRecordFormat.cs";
        Assert.That(root.Read(changed), Does.Contain(name));
        root.Write(changed, root.Read(changed).Replace(name, other, StringComparison.Ordinal));

        BufferedCommandResult result = await Cli.Wrap("dotnet")
            .WithArguments([
                "pack", root.PathOf($"src/{Project}"), "-c", "Release", "-o", root.PathOf("feed"), "-nologo", "-p:NoWarn=RS0016%3BRS0017",
                $"-p:PackageValidationBaselinePath={_feed.PathOf($"{Project}.{s_version}.nupkg")}"])
            .WithValidation(CommandResultValidation.None).ExecuteBoundedAsync();

        Assert.That(result.ExitCode, error is null ? Is.Zero : Is.Not.Zero, result.StandardOutput);
        Assert.That(result.StandardOutput, error is null ? Does.Not.Contain("error") : Does.Contain($"error {error}"));
    }

    [TestCase("linux-x64", 62)]
    [TestCase("linux-arm64", 183)]
    public void The_tool_is_one_file_for(string runtime, short machine)
    {
        using ZipArchive package = Open($"UioInterop.Tool.{runtime}", "nupkg");

        Assert.That(BitConverter.ToInt16(Head(package, $"tools/any/{runtime}/uio"), 18), Is.EqualTo(machine));
        Assert.That(
            package.Entries.Where(entry => entry.FullName.StartsWith("tools/", StringComparison.Ordinal)).Select(entry => entry.Name),
            Is.EquivalentTo((string[])["uio", "DotnetToolSettings.xml"]));
        Assert.That(Text(package, "THIRD-PARTY-NOTICES.txt"), Does.Contain("Spectre.Console"));
    }

    // The board's device tree has channels for UIO.
    [Test]
    public async Task The_tool_s_file_for_a_board_knows_that_a_transfer_can_be_made()
    {
        using var folder = new ScratchFolder();
        using (ZipArchive package = Open("UioInterop.Tool.linux-arm64", "nupkg"))
            await package.GetEntry("tools/any/linux-arm64/uio")!.ExtractToFileAsync(folder.PathOf("uio"));
        await folder.RunAsync("chmod", ["+x", "uio"]);

        await ToolTests.AssertKnowsAsync(folder.PathOf("uio"), MachineList.Zcu102, 0);
    }

    [Test]
    public async Task The_tool_is_installed_by_the_line_of_its_README()
    {
        using var folder = new ScratchFolder();
        await InstallToolAsync(folder, "UioInterop.Tool");

        Assert.That((await folder.RunAsync(folder.PathOf("out/uio"), ["list", "--json"])).Trim(), Does.StartWith("[").And.EndsWith("]"));
    }

    // A script is its ssh: it leaves the host's name out, and has the agent here at the place where a board has it.
    [Test]
    public async Task The_prompt_is_installed_by_the_line_of_its_README_and_asks_ssh_for_a_board()
    {
        using var folder = new ScratchFolder();
        await InstallToolAsync(folder, "UioInterop.Prompt");
        folder.Write("ssh", $"""
            #!/bin/sh
            [ "$*" = 'board uio-agent/UioInterop.Prompt.Agent' ] && exec {string.Join(' ', PromptProcess.AgentHere)}
            """);
        await folder.RunAsync("chmod", ["+x", "ssh"]);

        var result = await (PipeSource.FromString("6 * 7\n") | Cli.Wrap(folder.PathOf("out/uio-repl")).WithArguments(["board"])
            .WithEnvironmentVariables(new Dictionary<string, string?>(PromptProcess.Environment(folder.PathOf("")))
            {
                ["PATH"] = $"{folder.PathOf("")}:{Environment.GetEnvironmentVariable("PATH")}",
            })
            .WithValidation(CommandResultValidation.None)).ExecuteBoundedAsync();

        Assert.That((result.ExitCode, result.StandardOutput), Is.EqualTo((0, "42\n")), result.StandardError);
    }

    // The folder has nothing of ours: all comes out of the packages, and what is made goes to a cache.
    [Test]
    public async Task The_machines_are_installed_by_the_line_of_their_README_and_run_a_file()
    {
        using ScratchFolder folder = StrangersFolder(withKernels: true);
        await InstallToolAsync(folder, "UioInterop.Machines");
        string[] installed = FilesIn(folder.PathOf("out"));
        folder.Write("app.cs", $"""
            #:package UioInterop.Devices@{s_version}
            {Program}
            return args.Length + 5;
            """);

        BufferedCommandResult result = await RunAsync(folder, "out/uio-machine run app.cs --machine x86-64 -- one two");

        Assert.That(result.ExitCode, Is.EqualTo(7), result.StandardError);
        Assert.That(result.StandardOutput, Is.EqualTo("the same: True\nlibraries: libuiodmabuf.so\n"));
        Assert.That(FilesIn(folder.PathOf("out")), Is.EqualTo(installed));
    }

    // Busybox is fetched for either processor.
    [TestCase("x86-64", "x86_64")]
    [TestCase("zcu102", "aarch64")]
    public async Task The_machines_of_the_package_have_a_shell(string machine, string processor)
    {
        using ScratchFolder folder = StrangersFolder(withKernels: true);
        await InstallToolAsync(folder, "UioInterop.Machines");

        BufferedCommandResult result = await RunAsync(
            folder, $"printf 'uname -m\nexit 5\n' | out/uio-machine shell --machine {machine}");

        Assert.That((result.ExitCode, result.StandardOutput), Is.EqualTo((5, $"{processor}\n")), result.StandardError);
    }

    // All but the packages, which are the image's business. The sample's tests and their machine stand for somebody's own.
    [Test]
    public async Task The_workflow_s_commands_run_with_the_package()
    {
        using ScratchFolder folder = StrangersFolder(withKernels: true);
        Directory.CreateDirectory(folder.PathOf("My.Driver.Tests"));
        folder.Copy(Repository.At("src", "Samples", "DriverTests"), "EduDeviceTests.cs", "My.Driver.Tests/EduDeviceTests.cs");
        folder.Write("My.Driver.Tests/My.Driver.Tests.csproj",
            (await File.ReadAllTextAsync(Repository.At("src", "Samples", "DriverTests", "DriverTests.csproj"))).Replace(
                "<ProjectReference Include=\"../../UioInterop.Devices/UioInterop.Devices.csproj\" />",
                $"<PackageReference Include=\"UioInterop.Devices\" Version=\"{s_version}\" />", StringComparison.Ordinal));
        Directory.CreateSymbolicLink(folder.PathOf("packages"), _feed.PathOf("."));
        string[] commands = WorkflowTests.CommandsForOthers;
        Assert.That(commands, Has.Length.EqualTo(5));

        var said = new List<string>();
        foreach (string command in commands.Skip(1))
        {
            BufferedCommandResult result = await RunAsync(folder, command.Replace("apt-get install -y -qq --no-install-recommends", "echo",
                StringComparison.Ordinal).Replace("run My.Driver.Tests --machine zcu102", "run My.Driver.Tests", StringComparison.Ordinal));
            Assert.That(result.ExitCode, Is.Zero, $"{command}\n{result.StandardOutput}{result.StandardError}");
            said.Add(result.StandardOutput);
        }

        string[] packages = [.. Prerequisite.For(MachineList.Zcu102).Select(each => each.Package).Distinct()];
        Assert.That(said[1], Is.EqualTo(string.Join(' ', packages) + '\n'));
        Assert.That(packages, Does.Contain("qemu-system-arm").And.Contain("linux-source-6.12"));
        Assert.That(folder.Read("output"), Does.Match("^fingerprint=[0-9a-f]{16}\n$"));
        Assert.That(folder.Read("summary"), Does.Contain("| x86-64 | 4 | 0 | 0 |"));
        Assert.That(XDocument.Load(folder.PathOf("junit.xml")).Descendants("testcase").Count(), Is.EqualTo(4));
        Assert.That(File.Exists(folder.PathOf("logs/console.log")), Is.True);
    }

    // What a kernel is made from is all there: the same hash, with all that goes into it. It takes minutes to make one.
    [Test]
    public async Task The_package_s_kernels_are_the_checkout_s()
    {
        using ScratchFolder folder = StrangersFolder(withKernels: false);
        await InstallToolAsync(folder, "UioInterop.Machines");

        foreach (Machine machine in (Machine[])[MachineList.X64, MachineList.Zcu102])
        {
            BufferedCommandResult result = await RunAsync(folder, $"out/uio-machine kernel --machine {machine} --fingerprint");
            Assert.That(result.StandardOutput.Trim(), Is.EqualTo(Fingerprint.OfText(
                await KernelBuilder.FingerprintAsync(machine.Kernel, Patch.For(machine.Kernel)))), result.StandardError);
        }
    }

    [Test]
    public async Task What_older_versions_have_left_is_said_and_removed()
    {
        using ScratchFolder folder = StrangersFolder(withKernels: false);
        await InstallToolAsync(folder, "UioInterop.Machines");
        (string kernel, string tree) = await KernelBuilder.PlacesAsync(MachineList.X64.Kernel, MachineRuns.Cancel);
        string library = Directory.GetFiles(folder.PathOf("out"), "UioInterop.Machines.dll", SearchOption.AllDirectories)[0];
        string own = $"machines/{FileVersionInfo.GetVersionInfo(library).ProductVersion}", current = $"kernels/{Path.GetFileName(kernel)}";
        string[] kept = [current, $"source/{tree}", $"build/x86-64-{tree}", own, "logs", "debian"];
        string[] old = ["kernels/0123456789abcdef", "source/0123456789abcdef", "build/x86-64-0123456789abcdef", "machines/0.0.0"];
        foreach (string path in kept.Concat(old))
            Directory.CreateDirectory(folder.PathOf($"home/uiointerop/{path}"));
        folder.Write($"home/uiointerop/{old[1]}/file", new string('x', 3 << 20));

        // The current kernel is there, so nothing is built.
        BufferedCommandResult said = await RunAsync(folder, "out/uio-machine kernel");
        Assert.That(said.StandardOutput, Does.Contain("3.0 MiB in ").And.Contain("--prune"), said.StandardError);
        BufferedCommandResult pruned = await RunAsync(folder, "out/uio-machine kernel --prune");

        Assert.That(pruned.ExitCode, Is.Zero, pruned.StandardError);
        Assert.That(old.Where(path => !pruned.StandardOutput.Contains(path, StringComparison.Ordinal)), Is.Empty);
        Assert.That(kept.Concat(old).Where(path => Directory.Exists(folder.PathOf($"home/uiointerop/{path}"))), Is.EqualTo(kept));
        Assert.That((await RunAsync(folder, "out/uio-machine kernel --prune")).StandardOutput, Does.StartWith("Nothing to remove"));
    }

    /// <summary>A folder without anything of ours, whose projects take the packages from the feed; its cache is empty.</summary>
    /// <param name="withKernels">Whether the cache has the kernels that are there already: they are what takes minutes.</param>
    private ScratchFolder StrangersFolder(bool withKernels)
    {
        var folder = new ScratchFolder();
        folder.Write("nuget.config", $"""
            <configuration>
              <packageSources><add key="feed" value="{_feed.PathOf(".")}" /></packageSources>
            {FoldersOf(folder)}
            </configuration>
            """);
        Directory.CreateDirectory(folder.PathOf("home/uiointerop"));
        if (withKernels)
            File.CreateSymbolicLink(folder.PathOf("home/uiointerop/kernels"), Machines.Host.Cache.At("kernels"));
        return folder;
    }

    private static async Task<BufferedCommandResult> RunAsync(ScratchFolder folder, string command) =>
        await Cli.Wrap("bash").WithArguments(["-e", "-o", "pipefail", "-c", command])
            .WithWorkingDirectory(folder.PathOf(""))
            .WithEnvironmentVariables(new Dictionary<string, string?>
            {
                ["XDG_CACHE_HOME"] = folder.PathOf("home"),
                ["GITHUB_OUTPUT"] = folder.PathOf("output"),
                ["GITHUB_STEP_SUMMARY"] = folder.PathOf("summary"),
            })
            .WithValidation(CommandResultValidation.None).ExecuteBoundedAsync();

    private static string[] FilesIn(string folder) => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order()];

    private async Task InstallToolAsync(ScratchFolder folder, string project)
    {
        const string Packages = "artifacts/packages";
        string line = File.ReadLines(Repository.At("src", project, "README.md")).Select(one => one.Split('#')[0].Trim())
            .Single(one => one.StartsWith("dotnet tool install", StringComparison.Ordinal));
        Assert.That(line, Does.Contain(Packages));

        // Nothing of this test gets into the cache.
        await folder.RunAsync("env", [$"NUGET_PACKAGES={folder.PathOf("cache")}", "bash", "-c",
            $"{line.Replace(Packages, _feed.PathOf("."), StringComparison.Ordinal)} --version {s_version}"]);
    }

    [Test]
    public async Task Without_a_native_part_there_is_no_package()
    {
        using var root = new ScratchFolder();
        foreach (string architecture in (string[])["x86-64", "arm64"])
            foreach (string file in (string[])["libuiodmabuf.so", "libuiodmabuf.a"])
                root.Copy(Repository.Root, $"native/build/{architecture}/{file}");

        BufferedCommandResult result = await Cli.Wrap("dotnet")
            .WithArguments([
                "pack", Repository.At("src", "UioInterop"), "-c", "Release", "-o", root.PathOf("feed"), "-nologo",
                "--artifacts-path", root.PathOf("build"), $"-p:RepositoryRoot={root.PathOf("")}/"])
            .WithValidation(CommandResultValidation.None).ExecuteBoundedAsync();

        Assert.That(result.ExitCode, Is.Not.Zero);
        Assert.That(result.StandardOutput, Does.Contain("error UIO0002").And.Contain("native/build/armhf/libuiodmabuf.so"));
        Assert.That(Directory.Exists(root.PathOf("feed")), Is.False);
    }

    [Test]
    public async Task By_the_lines_of_the_README_it_is_installed_and_does_DMA()
    {
        using var folder = new ScratchFolder();
        await InstallAsync(folder);

        BufferedCommandResult result = await RunTests.RunAsync("", folder.PathOf("mine"));
        Assert.That(result.StandardOutput, Is.EqualTo("the same: True\nlibraries: libuiodmabuf.so\n"), result.StandardError);

        // One file: nothing beside it that would have been loaded instead.
        result = await RunTests.RunAsync("", folder.PathOf("mine"), "--aot");
        Assert.That(result.StandardOutput, Is.EqualTo("the same: True\nlibraries: \n"), result.StandardError);
    }

    // On any processor, the host finds the native library in the package's folder.
    [Test]
    public async Task A_program_for_any_processor_finds_the_native_library()
    {
        using var folder = new ScratchFolder();
        await InstallAsync(folder);
        folder.Write("mine/Program.cs", NativeLibraryTests.Program);
        await ScratchFolder.RunIn(folder.PathOf("mine"), "dotnet", ["build", "-c", "Release", "-o", "../out"]);

        Assert.That((await folder.RunAsync("dotnet", ["out/mine.dll"])).Trim(), Is.EqualTo(NativeLibraryTests.Answer));
    }

    private async Task InstallAsync(ScratchFolder folder)
    {
        string[] lines = [.. File.ReadLines(Repository.At("README.md"))
            .SkipWhile(line => line != "## As packages").SkipWhile(line => !line.StartsWith("    ", StringComparison.Ordinal))
            .TakeWhile(line => line.Length > 0).Select(line => line.Split('#')[0].Trim())];
        Assert.That(lines[0], Is.EqualTo("./build.sh pack"));
        Assert.That(lines, Has.One.Contains(Source));

        string script = string.Join('\n', lines[1..^1]).Replace(Source, _feed.PathOf("."), StringComparison.Ordinal);
        await folder.RunAsync("bash", ["-e", "-c", script]);
        // What is in the cache already is taken from there, and nothing of this test gets into it.
        folder.Write("mine/nuget.config", folder.Read("mine/nuget.config").Replace(
            "</configuration>", $"{FoldersOf(folder)}\n</configuration>", StringComparison.Ordinal));
        await ScratchFolder.RunIn(folder.PathOf("mine"), "bash", ["-c", lines[^1]]);
        folder.Write("mine/Program.cs", Program);
        Assert.That(folder.Read("mine/mine.csproj"), Does.Contain(s_version));
    }

    private static string FoldersOf(ScratchFolder folder) => $"""
        <config><add key="globalPackagesFolder" value="{folder.PathOf("packages")}" /></config>
        <fallbackPackageFolders><add key="cache" value="{Cache}" /></fallbackPackageFolders>
        """;

    private static string Cache => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private ZipArchive Open(string name, string kind) => ZipFile.OpenRead(_feed.PathOf($"{name}.{s_version}.{kind}"));

    private static byte[] Head(ZipArchive package, string file)
    {
        using Stream stream = package.GetEntry(file)!.Open();
        var head = new byte[20];
        stream.ReadExactly(head);
        return head;
    }

    private static string Text(ZipArchive package, string file)
    {
        using var reader = new StreamReader(package.GetEntry(file)!.Open(), System.Text.Encoding.Latin1);
        return reader.ReadToEnd();
    }
}
