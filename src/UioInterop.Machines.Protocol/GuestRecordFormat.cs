using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace UioInterop.Machines.Protocol;

/// <summary>Records as lines and back. Everything outside ASCII is escaped, so a record is always one line.</summary>
/// <remarks>
/// Written by hand, read by the serializer: the serializer's tables cost an emulated CPU, which compiles them, half a
/// second before the first test.
/// </remarks>
public static class GuestRecordFormat
{
    /// <summary>The record as a line, without its end.</summary>
    public static string ToLine(GuestRecord record)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            WriteMembers(json, record);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(line.WrittenSpan);
    }

    /// <summary>Never throws: what cannot be read becomes a <see cref="ProblemRecord"/>.</summary>
    public static GuestRecord FromLine(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, GuestRecordJson.Default.GuestRecord)
                ?? new ProblemRecord(line, "null is no record");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return new ProblemRecord(line, e.Message);
        }
    }

    private static void WriteMembers(Utf8JsonWriter json, GuestRecord record)
    {
        switch (record)
        {
            case StartRecord start:
                json.WriteString("type", "start");
                json.WriteString("machine", start.Machine);
                WriteTexts(json, "tests", start.Tests);
                break;
            case BeginRecord begin:
                json.WriteString("type", "begin");
                json.WriteString("test", begin.Test);
                break;
            case ResultRecord result:
                json.WriteString("type", "result");
                json.WriteString("test", result.Test);
                json.WriteString("outcome", result.Outcome switch
                {
                    TestOutcome.Passed => "passed",
                    TestOutcome.Failed => "failed",
                    _ => "skipped",
                });
                if (result.Message is not null)
                    json.WriteString("message", result.Message);
                if (result.Stack is not null)
                    json.WriteString("stack", result.Stack);
                json.WriteNumber("milliseconds", result.Milliseconds);
                break;
            case AnnouncedRecord announced:
                json.WriteString("type", "announced");
                WriteTexts(json, "lines", announced.Lines);
                break;
            case FramesRecord frames:
                json.WriteString("type", "frames");
                json.WriteNumber("count", frames.Count);
                break;
            case OutputRecord output:
                json.WriteString("type", "output");
                json.WriteString("text", output.Text);
                break;
            case EndRecord end:
                json.WriteString("type", "end");
                json.WriteNumber("passed", end.Passed);
                json.WriteNumber("failed", end.Failed);
                json.WriteNumber("skipped", end.Skipped);
                break;
            default:
                throw new ArgumentException($"{record.GetType().Name} is not a record to send.", nameof(record));
        }
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(GuestRecord))]
internal sealed partial class GuestRecordJson : JsonSerializerContext;
