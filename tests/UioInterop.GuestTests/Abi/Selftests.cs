using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>
/// The kernel's own tests of the import, in C (tools/testing/selftests/uio), on the device under test, for every
/// architecture whose programs the machine runs.
/// </summary>
[Category(Needs.Handles)]
internal sealed class Selftests
{
    private const string Root = "/selftests";

    private static readonly string[] s_builds = [Needs.X64, Needs.Arm64, Needs.ArmHf];
    private static readonly (string Name, string? Device)[] s_programs = [("dmabuf", null), ("edu", Needs.Edu)];

    public static IEnumerable<TestCaseData> Programs =>
        from build in s_builds
        from program in s_programs
        let test = new TestCaseData(build, program.Name).SetCategory(build)
        select program.Device is { } device ? test.SetCategory(device) : test;

    public static IEnumerable<TestCaseData> Builds => s_builds.Select(build => new TestCaseData(build).SetCategory(build));

    [TestCaseSource(nameof(Programs))]
    public void Program_passes(string build, string program)
    {
        UnderTest.Bind();
        Run(build, program, UnderTest.DevicePath).AssertAllPassed();
    }

    // Skipped as the kernel's other tests are: exit code 4, and nothing planned.
    [TestCaseSource(nameof(Programs))]
    public void Without_a_device_it_is_skipped(string build, string program)
    {
        var result = Run(build, program, "/dev/no-such-device");
        Assert.That((result.ExitCode, result.Planned), Is.EqualTo((4, 0)));
    }

    [TestCaseSource(nameof(Builds))]
    public void There_are_no_other_programs(string build) =>
        Assert.That(
            Directory.GetFiles($"{Root}/{build}").Select(Path.GetFileName), Is.EquivalentTo(s_programs.Select(program => program.Name)));

    internal static TapProgram Run(string build, string program, string device) =>
        TapProgram.Run($"{Root}/{build}/{program}", new KeyValuePair<string, string?>("UIO_DEVICE", device));
}
