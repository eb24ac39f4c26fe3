using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>The kernel's own tests of the import, in C (tools/testing/selftests/uio), on the device under test.</summary>
[Category(Needs.Handles)]
internal sealed class Selftests
{
    private const string Root = "/selftests";

    private static readonly string[] s_programs = ["dmabuf"];

    [TestCaseSource(nameof(s_programs))]
    public void Program_passes(string program)
    {
        UnderTest.Bind();
        TapProgram.Run($"{Root}/{program}", new KeyValuePair<string, string?>("UIO_DEVICE", UnderTest.DevicePath)).AssertAllPassed();
    }

    // Skipped as the kernel's other tests are: exit code 4, and nothing planned.
    [TestCaseSource(nameof(s_programs))]
    public void Without_a_device_it_is_skipped(string program)
    {
        var result = TapProgram.Run($"{Root}/{program}", new KeyValuePair<string, string?>("UIO_DEVICE", "/dev/no-such-device"));
        Assert.That((result.ExitCode, result.Planned), Is.EqualTo((4, 0)));
    }

    [Test]
    public void There_are_no_other_programs() =>
        Assert.That(Directory.GetFiles(Root).Select(Path.GetFileName), Is.EquivalentTo(s_programs));
}
