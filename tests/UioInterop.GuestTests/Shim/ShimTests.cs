using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Shim;

/// <summary>
/// The shim's own tests, in C (native/tests), against this kernel and its heaps, for every architecture whose programs
/// the machine runs. Results are one per program; a failure shows the program's own words.
/// </summary>
internal sealed class ShimTests
{
    private const string Root = "/shim-tests";

    private static readonly string[] s_builds = [Needs.X64, Needs.Arm64, Needs.ArmHf];
    private static readonly string[] s_programs = ["test_buffers", "test_errors", "test_ioctl", "test_registers", "test_wait"];

    public static IEnumerable<TestCaseData> Programs =>
        from build in s_builds
        from program in s_programs
        select new TestCaseData(build, program).SetCategory(build);

    public static IEnumerable<TestCaseData> Builds => s_builds.Select(build => new TestCaseData(build).SetCategory(build));

    // Nothing is skipped: this kernel has the heaps and udmabuf.
    [TestCaseSource(nameof(Programs))]
    public void Program_passes(string build, string program) => TapProgram.Run($"{Root}/{build}/{program}").AssertAllPassed();

    [TestCaseSource(nameof(Builds))]
    public void There_are_no_other_programs_and_they_are_of_the_right_width(string build)
    {
        var programs = Directory.GetFiles($"{Root}/{build}");

        Assert.That(programs.Select(Path.GetFileName), Is.EquivalentTo(s_programs));
        Assert.That(programs.Select(WordLength), Is.All.EqualTo(build == Needs.ArmHf ? 32 : 64));
    }

    // elf(5), e_ident[EI_CLASS].
    private static int WordLength(string path) => File.ReadAllBytes(path)[4] * 32;
}
