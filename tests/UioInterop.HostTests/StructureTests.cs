using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests;

/// <summary>The structures and numbers in C#, member by member, against the kernel's headers.</summary>
internal sealed partial class StructureTests
{
    private const string Header = "kernel-patch/include/uapi/linux/uio/uio.h";

    // Each structure's name in C, and the prefix of the constants that stand in it.
    private static readonly Dictionary<string, (string Structure, string Prefix)> s_names = new()
    {
        ["QueryArguments"] = ("uio_query", "UIO_"),
        ["RangeArguments"] = ("uio_dmabuf_range", ""),
        ["WriteAddressArguments"] = ("uio_dmabuf_write_address", "UIO_ADDRESS_"),
        ["QuiesceArguments"] = ("uio_quiesce_op", "UIO_QUIESCE_"),
    };

    private static readonly (string CSharp, string C)[] s_words =
    [
        ("register", "reg"), ("high_reg", "reg_high"), ("operations", "ops"), ("microseconds", "us"), ("reserved", "__reserved"),
    ];

    private static readonly Type[] s_structures =
    [
        .. from type in typeof(UioDevice).Assembly.GetTypes()
           where type.Namespace == "UioInterop.Interop" && type.Name.EndsWith("Arguments", StringComparison.Ordinal)
           select type,
    ];

    [Test]
    public void Every_structure_is_compared() =>
        Assert.That(s_structures.Select(type => type.Name), Is.EquivalentTo(s_names.Keys));

    [Test]
    public async Task Structures_and_numbers_are_those_of_the_header()
    {
        using var folder = new ScratchFolder();
        folder.Write("structures.c", Program());

        string headers = Repository.At("kernel-patch", "include", "uapi");
        await folder.RunAsync("gcc", ["-std=gnu11", "-Wall", "-Werror", "-fsyntax-only", "-I", headers, "structures.c"]);
    }

    // What C# does not have would not be missed above.
    [Test]
    public void A_structure_has_all_members()
    {
        var header = File.ReadAllText(Repository.At(Header.Split('/')));
        foreach (var type in s_structures)
        {
            var declaration = new Regex($@"^struct {s_names[type.Name].Structure} \{{(.*?)^\}};",
                RegexOptions.Multiline | RegexOptions.Singleline);
            var members = Member().Matches(declaration.Match(header).Groups[1].Value).Select(match => match.Groups[1].Value);
            Assert.That(members, Is.EqualTo(MembersOf(type).Select(field => InC(field.Name))), type.Name);
        }
    }

    [TestCase("gcc", Architecture.X64)]
    [TestCase("aarch64-linux-gnu-gcc", Architecture.Arm64)]
    [TestCase("arm-linux-gnueabihf-gcc", Architecture.Arm)]
    public async Task Numbers_of_system_calls_are_those_of_the_architecture(string compiler, Architecture architecture)
    {
        using var folder = new ScratchFolder();
        var numbers = typeof(UioDevice).Assembly.GetType("UioInterop.Interop.SyscallNumbers", throwOnError: true)!;
        var calls = numbers.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly);
        folder.Write("calls.c", "#include <asm/unistd.h>\n" + string.Concat(calls.Select(call =>
            $"_Static_assert(__NR_{call.Name.ToLowerInvariant()} == {call.Invoke(null, [architecture])}, \"{call.Name}\");\n")));

        await folder.RunAsync(compiler, ["-std=gnu11", "-Wall", "-Werror", "-fsyntax-only", "calls.c"]);
    }

    private static string Program()
    {
        var program = new StringBuilder("#include <stddef.h>\n#include <linux/uio/uio.h>\n");
        foreach (var type in s_structures)
        {
            var (structure, prefix) = s_names[type.Name];
            Assert($"sizeof(struct {structure}) == {Marshal.SizeOf(type)}");
            foreach (var field in MembersOf(type))
            {
                Assert($"offsetof(struct {structure}, {InC(field.Name)}) == {Marshal.OffsetOf(type, field.Name)}");
                Assert($"sizeof(((struct {structure} *)0)->{InC(field.Name)}) == {Marshal.SizeOf(field.FieldType)}");
            }

            foreach (var constant in type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.IsLiteral))
            {
                var name = constant.Name.Replace("Format", "").Replace("Kind", "").Replace("Flag", "");
                Assert($"{prefix}{Words().Replace(name, "_").ToUpperInvariant()} == {constant.GetRawConstantValue()}");
            }
        }

        foreach (var (value, name) in new (Enum, string)[]
        {
            (DmaDirection.Bidirectional, "UIO_DMABUF_DIR_BIDIR"), (DmaDirection.ToDevice, "UIO_DMABUF_DIR_TO_DEV"),
            (DmaDirection.FromDevice, "UIO_DMABUF_DIR_FROM_DEV"),
            (DmaTranslation.None, "UIO_TRANSLATION_NONE"), (DmaTranslation.Identity, "UIO_TRANSLATION_IDENTITY"),
            (DmaTranslation.Lazy, "UIO_TRANSLATION_LAZY"), (DmaTranslation.Strict, "UIO_TRANSLATION_STRICT"),
        })
            Assert($"{name} == {value:d}");
        return program.ToString();

        void Assert(string what) => program.Append($"_Static_assert({what}, \"{what}\");\n");
    }

    private static IEnumerable<FieldInfo> MembersOf(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
            .OrderBy(field => (int)Marshal.OffsetOf(type, field.Name));

    private static string InC(string member) =>
        s_words.Aggregate(Words().Replace(member, "_").ToLowerInvariant(), (name, word) => name.Replace(word.CSharp, word.C));

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex Words();

    [GeneratedRegex(@"^\s+__\w+\s+(\w+);", RegexOptions.Multiline)]
    private static partial Regex Member();
}
