using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests;

internal sealed class ScriptTests
{
    private const string Shim = "native/build/x86-64/libuiodmabuf.so", Header = "kernel-patch/include/uio.h";

    private static readonly DateTime s_earlier = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime s_later = DateTime.UtcNow.AddDays(1);

    [TestCase("build.sh")]
    [TestCase(".ci/run")]
    [TestCase("native/tests/check-binary.sh")]
    [TestCase("native/debian/make.sh")]
    [TestCase("native/debian/uiointerop-udev/postinst")]
    [TestCase("native/debian/uio-dmabuf-dkms/postinst")]
    [TestCase("native/debian/uio-dmabuf-dkms/prerm")]
    [TestCase("src/UioInterop.Machines/Guests/fetch-package.sh")]
    [TestCase("kernel-patch/apply.sh")]
    [TestCase("kernel-patch/module/prepare.sh")]
    public async Task Shellcheck_says_nothing(string script)
    {
        Assert.That(await ScratchFolder.RunIn(Repository.Root, "shellcheck", [script]), Is.Empty);
    }

    // Programs of two lines stand for .NET and make, which would take a minute each time.
    [Test]
    public async Task What_has_not_changed_is_not_built_again()
    {
        using var folder = new ScratchFolder();
        folder.Copy(Repository.Root, "build.sh");
        folder.Write("dotnet", """
            #!/bin/sh
            echo built >> builds
            output=tests/UioInterop.Harness/bin/Release/net10.0
            mkdir -p $output && touch $output/UioInterop.Harness.dll
            [ ! -e fails ]
            """);
        folder.Write("make", "#!/bin/sh\n");
        await folder.RunAsync("chmod", ["+x", "dotnet", "make"]);
        foreach (var file in (string[])["Directory.Build.props", "UioInterop.sln", "global.json", ".editorconfig"])
            folder.Write(file, "");
        foreach (var directory in (string[])["src/Library/obj", "tests/Tests/bin", "native/build/x86-64", "kernel-patch/include"])
            Directory.CreateDirectory(folder.PathOf(directory));
        foreach (var file in (string[])["src/Library/One.cs", "src/Library/Two.cs", Shim, Header])
            folder.Write(file, "");

        Assert.That(await BuildAsync(), Is.True, "a fresh clone");
        Assert.That(await BuildAsync(), Is.False, "nothing changed");

        folder.Write("src/Library/obj/Two.cs", "");
        File.SetLastWriteTimeUtc(folder.PathOf("src/Library/obj/Two.cs"), s_later);
        Assert.That(await BuildAsync(), Is.False, "what a build made");

        foreach (var changed in (string[])["src/Library/One.cs", "Directory.Build.props", "global.json", Shim, Header])
        {
            File.SetLastWriteTimeUtc(folder.PathOf(changed), s_later);
            Assert.That(await BuildAsync(), Is.True, changed);
            File.SetLastWriteTimeUtc(folder.PathOf(changed), s_earlier);
        }

        File.Delete(folder.PathOf("src/Library/Two.cs"));
        Assert.That(await BuildAsync(), Is.True, "a file has gone");

        folder.Write("fails", "");
        File.Delete(folder.PathOf("artifacts/built/UioInterop.sln"));
        Assert.That(await BuildAsync(), Is.True);
        File.Delete(folder.PathOf("fails"));
        Assert.That(await BuildAsync(), Is.True, "after a build that failed");

        async Task<bool> BuildAsync()
        {
            File.Delete(folder.PathOf("builds"));
            await folder.RunAsync("sh", ["-c", "PATH=$PWD:$PATH ./build.sh build || [ -e fails ]"]);
            return File.Exists(folder.PathOf("builds"));
        }
    }
}
