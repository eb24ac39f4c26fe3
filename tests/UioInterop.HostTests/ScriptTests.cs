using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests;

internal sealed class ScriptTests
{
    [TestCase("build.sh")]
    [TestCase(".ci/run")]
    [TestCase("native/tests/check-binary.sh")]
    [TestCase("native/debian/make.sh")]
    [TestCase("native/debian/uiointerop-udev/postinst")]
    [TestCase("native/debian/uio-dmabuf-dkms/postinst")]
    [TestCase("native/debian/uio-dmabuf-dkms/prerm")]
    [TestCase("kernel-patch/apply.sh")]
    [TestCase("kernel-patch/module/prepare.sh")]
    public async Task Shellcheck_says_nothing(string script)
    {
        Assert.That(await ScratchFolder.RunIn(Repository.Root, "shellcheck", [script]), Is.Empty);
    }
}
