using NUnit.Framework;
using UioInterop.Prompt.Compiling;

namespace UioInterop.HostTests.Prompt;

/// <summary>What Tab offers.</summary>
internal sealed class CompletionTests
{
    private static readonly ScriptCompiler s_compiler = Compiler();

    [TestCase("Console.Wri|", "Write", "WriteLine")]
    [TestCase("\"abc\".Leng|", "Length")]
    [TestCase("\"abc\".len|", "Length")]
    [TestCase("kep|", "kept")]
    [TestCase("kept.ToStr|", "ToString")]
    [TestCase("int[] a = []; a.Wher|", "Where")]
    [TestCase("System.Threading.Tas|", "Tasks")]
    [TestCase("Console.WriteLine(kep|)", "kept")]
    [TestCase("\"abc\"?.Leng|", "Length")]
    [TestCase("12|")]
    [TestCase("\"Console.Wri|\"")]
    public void Names_that_can_stand_there(string text, params string[] names)
    {
        int at = text.IndexOf('|', StringComparison.Ordinal);
        var (start, items) = Completion.At(s_compiler, text.Remove(at, 1), at);

        Assert.That(items.Select(item => item.Name), Is.EqualTo(names));
        Assert.That(start, Is.LessThanOrEqualTo(at));
    }

    [Test]
    public void A_name_that_is_whole_is_described()
    {
        string described = Completion.At(s_compiler, "Console.Beep", 12).Items[0].Description.Value;
        Assert.That(described, Does.StartWith("void Console.Beep() (+ 1)\n  Plays the sound of a beep through the console speaker."));
    }

    [Test]
    public void All_members_are_there_before_the_first_letter()
    {
        var names = Completion.At(s_compiler, "kept.", 5).Items.Select(item => item.Name);
        Assert.That(names, Does.Contain("CompareTo").And.Contain("ToString"));
        Assert.That(names, Does.Not.Contain("MaxValue"), "which is the type's");
    }

    private static ScriptCompiler Compiler()
    {
        var compiler = new ScriptCompiler(References.Framework(Environment.Version), new ReferencedFiles(), hasLibrary: false);
        compiler.Accept(compiler.Compile("int kept = 1;"));
        return compiler;
    }
}
