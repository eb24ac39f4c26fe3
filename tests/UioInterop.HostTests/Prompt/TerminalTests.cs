using NUnit.Framework;
using UioInterop.Prompt.Terminal;

namespace UioInterop.HostTests.Prompt;

/// <summary>What a person types, before it is a statement.</summary>
internal sealed class TerminalTests
{
    [Test]
    public void History_outlives_the_prompt_with_lines_and_marks_in_it()
    {
        using var folder = new ScratchFolder();
        string[] typed = ["1", "void F()\n{\n}", "\"a\\n\\\\b\"", "  "];
        var first = new History(folder.PathOf("history"));
        foreach (var statement in (string[])[.. typed, "\"a\\n\\\\b\""])
            first.Add(statement);

        var second = new History(folder.PathOf("history"));

        Assert.That(Enumerable.Range(0, second.Count).Select(i => second[i]), Is.EqualTo(typed[..3]), "no blanks, and none twice");
        Assert.That(second.Find("F()", second.Count), Is.EqualTo(1));
        Assert.That(second.Find("F()", 1), Is.EqualTo(-1));
        Assert.That(second.Find("1", 1), Is.Zero);
    }

    [Test]
    public void A_history_that_cannot_be_written_is_no_failure()
    {
        var history = new History("/proc/nowhere/history");
        history.Add("1");
        Assert.That(history[0], Is.EqualTo("1"));
    }

    [TestCase("exit", "exit", "")]
    [TestCase("exit 3;", "exit", "3")]
    [TestCase("save ./app.cs", "save", "./app.cs")]
    [TestCase("restart", "restart", "")]
    public void Words_for_the_prompt_itself(string text, string word, string argument) =>
        Assert.That(Commands.Parse(text), Is.EqualTo((word, argument)));

    [TestCase("exit = 1")]
    [TestCase("save = 1")]
    [TestCase("save .Length")]
    [TestCase("restart()")]
    [TestCase("exit 300")]
    [TestCase("")]
    public void Other_text_is_no_command(string text) => Assert.That(Commands.Parse(text), Is.Null);

    [Test]
    public void A_text_is_edited()
    {
        var buffer = new EditBuffer();
        buffer.Insert("first line\nsecond");
        Assert.That(buffer.MoveLine(-1), Is.True);
        buffer.Insert("|");
        Assert.That(buffer.Text, Is.EqualTo("first |line\nsecond"), "the same column");
        Assert.That(buffer.MoveLine(-1), Is.False, "there is no line before the first");
        buffer.DeleteWordBack();
        Assert.That(buffer.Text, Is.EqualTo("line\nsecond"));
        buffer.DeleteToLineEnd();
        buffer.DeleteOn();
        Assert.That(buffer.Text, Is.EqualTo("second"));
        buffer.MoveWordOn();
        buffer.DeleteBack();
        buffer.Replace(0, "x");
        Assert.That((buffer.Text, buffer.Position), Is.EqualTo(("x", 1)));
        buffer.DeleteBack();
        buffer.DeleteBack();
        Assert.That(buffer.Text, Is.Empty);
    }

    [Test]
    public void Code_is_coloured_and_otherwise_the_same()
    {
        const string Code = "var x = \"a\" + $\"b{1}\"; // why\n";
        string coloured = new Colours(areOn: true).Code(Code);

        Assert.That(System.Text.RegularExpressions.Regex.Replace(coloured, @"\e\[\d*m", ""), Is.EqualTo(Code));
        Assert.That(coloured, Does.Contain("\e[94mvar\e[0m").And.Contain("\e[32m\"a\"\e[0m"));
        Assert.That(new Colours(areOn: false).Code(Code), Is.EqualTo(Code));
    }
}
