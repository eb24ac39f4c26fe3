using System.Text;
using NUnit.Framework;
using UioInterop.Prompt.Protocol;

namespace UioInterop.HostTests.Prompt;

/// <summary>The frames between the prompt and its agent, on a line that loses and adds bytes.</summary>
internal sealed class FrameTests
{
    private static readonly byte[] s_first = Encoding.UTF8.GetBytes("the first"), s_second = [0xf5, 0xa5, 5, 0, 1, 2, 3];

    private static byte[] First => new Frame(FrameKind.Output, s_first).ToBytes();

    private static byte[] Second => new Frame(FrameKind.Result, s_second).ToBytes();

    [Test]
    public void Frames_arrive_whatever_the_pieces_are([Values(1, 2, 7, 4096)] int piece)
    {
        var (frames, other) = Read([.. First, .. Second], piece);

        Assert.That(frames.Select(frame => frame.Kind), Is.EqualTo((FrameKind[])[FrameKind.Output, FrameKind.Result]));
        Assert.That(frames[0].Payload.ToArray(), Is.EqualTo(s_first));
        Assert.That(frames[1].Payload.ToArray(), Is.EqualTo(s_second));
        Assert.That(other, Is.Empty);
    }

    [Test]
    public void Text_beside_the_frames_is_handed_out([Values(1, 4096)] int piece)
    {
        var (frames, other) = Read([.. "Unhandled "u8, .. First, .. "exception."u8, .. Second, .. "\n"u8], piece);

        Assert.That(frames, Has.Count.EqualTo(2));
        Assert.That(Encoding.UTF8.GetString(other), Is.EqualTo("Unhandled exception.\n"));
    }

    [Test]
    public void Behind_a_byte_that_was_lost_or_changed_the_next_frame_is_found([Range(0, 20)] int at, [Values] bool isLost)
    {
        byte[] line = [.. First, .. Second, .. Second];
        line = isLost ? [.. line[..at], .. line[(at + 1)..]] : [.. line[..at], (byte)(line[at] ^ 0x10), .. line[(at + 1)..]];

        var (frames, _) = Read(line, piece: 4096);

        Assert.That(frames.Select(frame => frame.Kind), Is.EqualTo((FrameKind[])[FrameKind.Result, FrameKind.Result]));
        Assert.That(frames.Select(frame => frame.Payload.ToArray()), Is.All.EqualTo(s_second));
    }

    [Test]
    public void A_length_that_cannot_be_is_not_waited_for()
    {
        byte[] wrong = First;
        wrong[7] = 0x7f;

        Assert.That(Read([.. wrong, .. Second], piece: 4096).Frames, Has.Count.EqualTo(1));
    }

    [Test]
    public void Messages_are_what_they_were()
    {
        var greeting = new Greeting(1, "10.0.1", "linux-arm64", "board", [new("UioInterop", Guid.NewGuid()), new("Other", Guid.NewGuid())]);
        var request = new RunRequest(7, 80, 3, true, "Submission#7", s_second, ReadOnlyMemory<byte>.Empty);
        var result = new RunResult(7, RunOutcome.Interrupted, "µ", 12);
        var answer = new FileAnswer("A", new byte[100_000]);

        var greetingBack = Greeting.From(greeting.ToBytes());
        Assert.That(greetingBack.Assemblies, Is.EqualTo(greeting.Assemblies));
        Assert.That(greetingBack with { Assemblies = greeting.Assemblies }, Is.EqualTo(greeting));
        var requestBack = RunRequest.From(request.ToBytes());
        Assert.That(requestBack.Assembly.ToArray(), Is.EqualTo(s_second));
        Assert.That(requestBack with { Assembly = request.Assembly, Symbols = request.Symbols }, Is.EqualTo(request));
        Assert.That(RunResult.From(result.ToBytes()), Is.EqualTo(result));
        Assert.That(FileAnswer.From(answer.ToBytes()).Content.Length, Is.EqualTo(100_000));
        Assert.That(answer.ToBytes(), Has.Length.LessThan(10_000), "a line is slow, and an assembly has gaps");
    }

    private static (List<Frame> Frames, byte[] Other) Read(byte[] line, int piece)
    {
        List<byte> other = [];
        var reader = new FrameReader(new Pieces(line, piece), bytes => other.AddRange(bytes));
        List<Frame> frames = [];
        while (reader.Read() is { } frame)
            frames.Add(frame);
        return (frames, [.. other]);
    }

    /// <summary>A line that hands out a few bytes at a time.</summary>
    private sealed class Pieces(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, piece));
    }
}
