using System.IO.Compression;

namespace UioInterop.Prompt.Protocol;

/// <summary>An assembly that the agent has.</summary>
/// <param name="Name">Its simple name.</param>
/// <param name="Mvid">Identifies this build of it.</param>
// Lists of a structure of ours would be compiled by the guest, at 16 ms a method.
public sealed record AgentAssembly(string Name, Guid Mvid);

/// <summary>Who the agent is.</summary>
/// <param name="Protocol">The version of this protocol: <see cref="Current"/>.</param>
/// <param name="Runtime">The version of its .NET, as 10.0.12.</param>
/// <param name="RuntimeIdentifier">As linux-arm64.</param>
/// <param name="Machine">What it runs on, in words.</param>
/// <param name="Assemblies">What a script can use besides .NET.</param>
public sealed record Greeting(
    int Protocol, string Runtime, string RuntimeIdentifier, string Machine, IReadOnlyList<AgentAssembly> Assemblies)
{
    /// <summary>The version of this code.</summary>
    public const int Current = 1;

    /// <summary>The message's bytes.</summary>
    public byte[] ToBytes() => Payload.Write(writer =>
    {
        writer.Write(Protocol);
        writer.Write(Runtime);
        writer.Write(RuntimeIdentifier);
        writer.Write(Machine);
        writer.Write(Assemblies.Count);
        foreach (AgentAssembly assembly in Assemblies)
        {
            writer.Write(assembly.Name);
            writer.Write(assembly.Mvid.ToByteArray());
        }
    });

    /// <summary>The message that the bytes are.</summary>
    public static Greeting From(ReadOnlyMemory<byte> payload) => Payload.Read(payload, reader => new Greeting(
        reader.ReadInt32(), reader.ReadString(), reader.ReadString(), reader.ReadString(),
        [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => new AgentAssembly(reader.ReadString(), new Guid(reader.ReadBytes(16))))]));
}

/// <summary>A statement, compiled.</summary>
/// <param name="Number">Its number; each new one has a higher one.</param>
/// <param name="Width">How many characters a line of the terminal has.</param>
/// <param name="Slot">The place of its object among those of the earlier ones, at most.</param>
/// <param name="HasValue">Whether it is an expression, whose value is to be shown.</param>
/// <param name="Type">The class of it.</param>
/// <param name="Assembly">The assembly.</param>
/// <param name="Symbols">Its symbols; may be empty.</param>
public sealed record RunRequest(
    int Number, int Width, int Slot, bool HasValue, string Type, ReadOnlyMemory<byte> Assembly, ReadOnlyMemory<byte> Symbols)
{
    /// <inheritdoc cref="Greeting.ToBytes"/>
    public byte[] ToBytes() => Payload.Write(writer =>
    {
        writer.Write(Number);
        writer.Write(Width);
        writer.Write(Slot);
        writer.Write(HasValue);
        writer.Write(Type);
        Payload.WritePacked(writer, Assembly.Span);
        Payload.WritePacked(writer, Symbols.Span);
    });

    /// <inheritdoc cref="Greeting.From"/>
    public static RunRequest From(ReadOnlyMemory<byte> payload) => Payload.Read(payload, reader => new RunRequest(
        reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadBoolean(), reader.ReadString(), Payload.ReadPacked(reader),
        Payload.ReadPacked(reader)));
}

/// <summary>How a statement ended.</summary>
public enum RunOutcome : byte
{
    /// <summary>With a value, or none.</summary>
    Done,

    /// <summary>With an exception.</summary>
    Failed,

    /// <summary>By an <see cref="FrameKind.Interrupt"/>.</summary>
    Interrupted,
}

/// <summary>What came of a statement.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Text">Its value as text, or what went wrong; empty without a value.</param>
/// <param name="Milliseconds">How long it ran.</param>
public sealed record RunResult(int Number, RunOutcome Outcome, string Text, int Milliseconds)
{
    /// <inheritdoc cref="Greeting.ToBytes"/>
    public byte[] ToBytes() => Payload.Write(writer =>
    {
        writer.Write(Number);
        writer.Write((byte)Outcome);
        writer.Write(Text);
        writer.Write(Milliseconds);
    });

    /// <inheritdoc cref="Greeting.From"/>
    public static RunResult From(ReadOnlyMemory<byte> payload) => Payload.Read(payload, reader => new RunResult(
        reader.ReadInt32(), (RunOutcome)reader.ReadByte(), reader.ReadString(), reader.ReadInt32()));
}

/// <summary>Asks the other side for a file: the agent for an assembly that it lacks, the prompt for one to compile against.</summary>
/// <param name="Name">An assembly's simple name.</param>
public sealed record FileRequest(string Name)
{
    /// <inheritdoc cref="Greeting.ToBytes"/>
    public byte[] ToBytes() => Payload.Write(writer => writer.Write(Name));

    /// <inheritdoc cref="Greeting.From"/>
    public static FileRequest From(ReadOnlyMemory<byte> payload) => Payload.Read(payload, reader => new FileRequest(reader.ReadString()));
}

/// <summary>The answer to a <see cref="FileRequest"/>.</summary>
/// <param name="Name">Of which.</param>
/// <param name="Content">The assembly; empty when there is none.</param>
public sealed record FileAnswer(string Name, ReadOnlyMemory<byte> Content)
{
    /// <inheritdoc cref="Greeting.ToBytes"/>
    public byte[] ToBytes() => Payload.Write(writer =>
    {
        writer.Write(Name);
        Payload.WritePacked(writer, Content.Span);
    });

    /// <inheritdoc cref="Greeting.From"/>
    public static FileAnswer From(ReadOnlyMemory<byte> payload) =>
        Payload.Read(payload, reader => new FileAnswer(reader.ReadString(), Payload.ReadPacked(reader)));
}

internal static class Payload
{
    public static byte[] Write(Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        write(writer);
        writer.Flush();
        return stream.ToArray();
    }

    public static T Read<T>(ReadOnlyMemory<byte> payload, Func<BinaryReader, T> read)
    {
        using var reader = new BinaryReader(new MemoryStream(payload.ToArray(), writable: false));
        return read(reader);
    }

    // Compressed: a statement's assembly is mostly names and zeros, and takes 50 ms on a serial line without it.
    public static void WritePacked(BinaryWriter writer, ReadOnlySpan<byte> bytes)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            deflate.Write(bytes);
        writer.Write(bytes.Length);
        writer.Write((int)packed.Length);
        writer.Write(packed.ToArray());
    }

    public static byte[] ReadPacked(BinaryReader reader)
    {
        int length = reader.ReadInt32();
        if (length is < 0 or > Frame.MaxPayload)
            throw new InvalidDataException($"A message says that {length} bytes are in it.");
        var bytes = new byte[length];
        using var deflate = new DeflateStream(new MemoryStream(reader.ReadBytes(reader.ReadInt32())), CompressionMode.Decompress);
        deflate.ReadExactly(bytes);
        return bytes;
    }
}
