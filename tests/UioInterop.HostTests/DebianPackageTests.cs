using System.Text.RegularExpressions;
using System.Xml.Linq;
using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Running;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests;

/// <summary>./build.sh deb: what is in the packages, and what dpkg does with those for this processor.</summary>
[Category("thorough")]
internal sealed partial class DebianPackageTests : IDisposable
{
    private static readonly string s_version =
        XDocument.Load(Repository.At("Directory.Build.props")).Descendants("Version").Single().Value;

    private static readonly string s_tools = Repository.At("artifacts", "pack", "publish", "UioInterop.Tool");

    private readonly ScratchFolder _folder = new();

    [OneTimeSetUp]
    public async Task Make()
    {
        // It makes the native library, and others do as well.
        using var turn = await Artifacts.LockAsync("native", MachineRuns.Cancel);
        await ScratchFolder.RunIn(Repository.Root, Repository.At("build.sh"), ["deb", _folder.PathOf("debs")]);
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void There_is_one_of_each() =>
        Assert.That(Directory.GetFiles(_folder.PathOf("debs")).Select(Path.GetFileName), Is.EquivalentTo((string[])[
            Name("uiointerop-tool", "amd64"), Name("uiointerop-tool", "arm64"),
            Name("libuiodmabuf", "amd64"), Name("libuiodmabuf", "arm64"),
            Name("uiointerop-udev", "all"), Name("uio-dmabuf-dkms", "all")]));

    [TestCase("amd64", "x86_64", 62)]
    [TestCase("arm64", "aarch64", 183)]
    public async Task The_tool_and_the_library_are_for(string architecture, string gnu, short machine)
    {
        string tool = "./usr/bin/uio", library = $"./usr/lib/{gnu}-linux-gnu/libuiodmabuf.so";
        Assert.That(await FilesAsync("uiointerop-tool", architecture), Is.EquivalentTo((string[])[
            $"-rwxr-xr-x root/root {tool}", "-rw-r--r-- root/root ./usr/share/bash-completion/completions/uio",
            "-rw-r--r-- root/root ./usr/share/man/man1/uio.1.gz",
            .. Documents("uiointerop-tool"),
            "-rw-r--r-- root/root ./usr/share/doc/uiointerop-tool/THIRD-PARTY-NOTICES.txt"]));
        Assert.That(await FilesAsync("libuiodmabuf", architecture), Is.EquivalentTo((string[])[
            .. Documents("libuiodmabuf"), $"-rw-r--r-- root/root {library}", $"-rw-r--r-- root/root {Path.ChangeExtension(library, "a")}",
            "-rw-r--r-- root/root ./usr/include/uiodmabuf.h",
            $"-rw-r--r-- root/root ./usr/lib/{gnu}-linux-gnu/pkgconfig/libuiodmabuf.pc"]));

        foreach (var (package, file) in new[] { ("uiointerop-tool", tool), ("libuiodmabuf", library) })
        {
            string unpacked = await UnpackAsync(package, architecture);
            // elf(5): e_machine.
            Assert.That(BitConverter.ToInt16(File.ReadAllBytes(Path.Combine(unpacked, file)), 18), Is.EqualTo(machine), file);

            // What the file asks for, by another tool than the one that wrote the field.
            string symbols = await _folder.RunAsync($"{gnu}-linux-gnu-objdump", ["-T", Path.Combine(unpacked, file)]);
            var needed = LibcVersion().Matches(symbols).Select(match => Version.Parse(match.Groups[1].Value)).Max();
            Assert.That(await FieldAsync(package, architecture, "Depends"), Is.EqualTo($"libc6 (>= {needed})"));
            Assert.That(await FieldAsync(package, architecture, "Version"), Is.EqualTo(s_version));
        }
    }

    // ModuleTests compares the sources, and the machine x86-64-debian builds them by DKMS.
    [Test]
    public async Task DKMS_finds_the_module_s_sources_where_it_looks()
    {
        string sources = Path.Combine(await UnpackAsync("uio-dmabuf-dkms", "all"), "usr", "src", $"uio-dmabuf-{s_version}");
        string[] files = [.. Directory.GetFiles(sources).Select(Path.GetFileName)!];

        Assert.That(files, Does.Contain("dkms.conf").And.Contain("Makefile").And.Contain("uio_core.c").And.Contain("uio_dmabuf.c"));
        Assert.That((await _folder.RunAsync("bash", ["-c", $"""
            . {sources}/dkms.conf
            echo $PACKAGE_NAME $PACKAGE_VERSION
            for kernel in 6.1.0-43-amd64 6.12.1-amd64 6.10.0-amd64; do [[ ! $kernel =~ $BUILD_EXCLUSIVE_KERNEL ]] || echo $kernel; done
            """])).Trim(), Is.EqualTo($"uio-dmabuf {s_version}\n6.1.0-43-amd64"));
    }

    // What it may say, and why, is in the packages: a line for each in lintian-overrides.
    [Test]
    public async Task Lintian_says_nothing()
    {
        string[] files = Directory.GetFiles(_folder.PathOf("debs"));
        string[] asRoot = Environment.IsPrivilegedProcess ? ["--allow-root"] : [];

        Assert.That(await _folder.RunAsync("lintian", [.. asRoot, .. files]), Is.Empty);
        string all = await _folder.RunAsync("lintian", [.. asRoot, "--no-override", "--fail-on", "none", .. files]);
        Assert.That(all, Does.Contain("libuiodmabuf: shared-library-lacks-version"), "it looks");
    }

    // As it does on a Debian 12 with the kernel's headers: those of this host, in folders of the test's. The machine x86-64-debian
    // boots a module from the same sources.
    [Test]
    public async Task DKMS_builds_the_module_out_of_the_package()
    {
        if (!File.Exists(DistributionKernel.Dkms))
            Assert.Ignore("dkms is not installed: apt-get install dkms linux-headers-amd64");
        string unpacked = await UnpackAsync("uio-dmabuf-dkms", "all"), built = Directory.CreateDirectory(_folder.PathOf("dkms")).FullName;
        string depends = await _folder.RunAsync("dpkg-query", ["-W", "-f", "${Depends}", "linux-headers-amd64"]);
        string kernel = depends.Split(' ')[0]["linux-headers-".Length..];

        // Unsigned: otherwise it makes a key for this machine, which it keeps.
        await _folder.RunAsync("env", ["sign_file=none", DistributionKernel.Dkms, "build", "-m", "uio-dmabuf", "-v", s_version,
            "-k", kernel, "--kernelsourcedir", $"/usr/src/linux-headers-{kernel}", "--sourcetree", Path.Combine(unpacked, "usr", "src"),
            "--dkmstree", built]);

        string module = Directory.GetFiles(built, "uio.ko", SearchOption.AllDirectories).Single();
        Assert.That(await _folder.RunAsync("/usr/sbin/modinfo", ["-F", "vermagic", module]), Does.StartWith($"{kernel} "));
        Assert.That(await File.ReadAllTextAsync(module, System.Text.Encoding.Latin1), Does.Contain("uio_dmabuf"), "with the import");
    }

    [Test]
    public async Task They_are_installed_work_and_leave_nothing()
    {
        using DebianRoot debian = await DebianRoot.CreateAsync();
        string[] before = await debian.PathsAsync();
        string[] packages = ["uiointerop-tool", "libuiodmabuf", "uiointerop-udev", "uio-dmabuf-dkms"];
        foreach (string file in Directory.GetFiles(_folder.PathOf("debs")).Where(file => !file.EndsWith("_arm64.deb")))
            File.Copy(file, Path.Combine(debian.Path, "tmp", Path.GetFileName(file)));

        await debian.RunAsync("sh", "-c", "dpkg --install /tmp/*.deb && rm /tmp/*.deb");

        Assert.That(await debian.RunAsync("dpkg", ["--verify", .. packages]), Is.Empty);
        Assert.That((await debian.RunAsync("uio", "--version")).Trim(), Does.StartWith(s_version));
        Assert.That(await debian.RunAsync("zcat", "/usr/share/man/man1/uio.1.gz"), Does.Contain(".SH NAME\nuio \\- "));
        Assert.That(await debian.RunAsync("bash", "-c", """
            source /usr/share/bash-completion/completions/uio
            COMP_LINE="uio hea" COMP_POINT=7
            _uio
            echo "${COMPREPLY[@]}"
            """), Is.EqualTo("heaps\n"));
        Assert.That(await debian.RunAsync("ldconfig", "-p"), Does.Contain("/lib/x86_64-linux-gnu/libuiodmabuf.so\n"));
        // After that it may complain of a broken pipe, which is its own.
        Assert.That(await debian.RunAsync("dkms", "status"), Does.StartWith($"uio-dmabuf/{s_version}: added\n"));
        Assert.That(await debian.RunAsync("getent", "group", "uio"), Does.Match("^uio:x:[1-9][0-9]{2}:\n$"), "a system group");
        Assert.That(await debian.RunAsync("find", "/usr/lib/udev/rules.d", "-name", "*uiointerop*", "-printf", "%f %m\n"),
            Is.EqualTo("60-uiointerop.rules 644\n"));

        // A second time, as by an upgrade, and over a group that is there.
        await debian.RunAsync("dpkg-reconfigure", "--frontend=noninteractive", "uiointerop-udev", "uio-dmabuf-dkms");

        await debian.RunAsync("dpkg", ["--purge", .. packages]);
        Assert.That((await debian.PathsAsync()).Except(before), Is.Empty);
        Assert.That(await debian.RunAsync("dkms", "status"), Does.Not.Contain("uio-dmabuf"));
        Assert.That(await debian.RunAsync("getent", "group", "uio"), Is.Not.Empty, "groups stay");
    }

    // Nothing is there to be ruled: udev reads the file, and complains of what it does not know, also of a group.
    [Test]
    public async Task Udev_understands_the_rule()
    {
        using DebianRoot debian = await DebianRoot.CreateAsync();
        File.Copy(_folder.PathOf($"debs/{Name("uiointerop-udev", "all")}"), Path.Combine(debian.Path, "tmp", "udev.deb"));
        await debian.RunAsync("dpkg", "--install", "/tmp/udev.deb");

        string said = await debian.RunAsync("udevadm", "test", "/sys/class/mem/null");

        Assert.That(said.Split('\n').Where(line => line.Contains("60-uiointerop.rules", StringComparison.Ordinal)),
            Is.EqualTo((string[])["Reading rules file: /usr/lib/udev/rules.d/60-uiointerop.rules"]));
    }

    [Test]
    public async Task The_same_sources_make_the_same_packages()
    {
        Assert.That(await MakeAgainAsync(s_tools, "again"), Is.Zero);

        foreach (string file in Directory.GetFiles(_folder.PathOf("debs")))
            Assert.That(
                File.ReadAllBytes(_folder.PathOf($"again/{Path.GetFileName(file)}")).AsSpan().SequenceEqual(File.ReadAllBytes(file)),
                Is.True, file);
    }

    [Test]
    public async Task Without_a_tool_there_is_no_package()
    {
        _folder.Copy(s_tools, "release_linux-x64/uio", "tools/release_linux-x64/uio");

        Assert.That(await MakeAgainAsync(_folder.PathOf("tools"), "none"), Is.Not.Zero);
        Assert.That(Directory.Exists(_folder.PathOf("none")), Is.False);
    }

    private async Task<int> MakeAgainAsync(string tools, string folder)
    {
        using var turn = await Artifacts.LockAsync("native", MachineRuns.Cancel);
        return (await Cli.Wrap(Repository.At("native", "debian", "make.sh")).WithArguments([tools, _folder.PathOf(folder)])
            .WithValidation(CommandResultValidation.None).ExecuteBoundedAsync()).ExitCode;
    }

    // What each package has.
    private static IEnumerable<string> Documents(string package) =>
        from file in (string[])[$"doc/{package}/changelog.gz", $"doc/{package}/copyright", $"lintian/overrides/{package}"]
        select $"-rw-r--r-- root/root ./usr/share/{file}";

    private static string Name(string package, string architecture) => $"{package}_{s_version}_{architecture}.deb";

    private async Task<string> FieldAsync(string package, string architecture, string field) =>
        (await _folder.RunAsync("dpkg-deb", ["--field", $"debs/{Name(package, architecture)}", field])).Trim();

    /// <summary>Mode, owner and path of each file.</summary>
    private async Task<string[]> FilesAsync(string package, string architecture) =>
    [
        .. from line in (await _folder.RunAsync("dpkg-deb", ["--contents", $"debs/{Name(package, architecture)}"])).Split('\n')
           let parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
           where line.StartsWith('-')
           select $"{parts[0]} {parts[1]} {parts[^1]}",
    ];

    private async Task<string> UnpackAsync(string package, string architecture)
    {
        string to = _folder.PathOf($"{package}-{architecture}");
        await _folder.RunAsync("dpkg-deb", ["--extract", $"debs/{Name(package, architecture)}", to]);
        return to;
    }

    [GeneratedRegex(@"GLIBC_([0-9.]+)\b")]
    private static partial Regex LibcVersion();
}
