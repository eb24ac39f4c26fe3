using System.Text.Json;
using System.Text.Json.Serialization;

namespace UioInterop.GuestProtocol;

/// <summary>Records as lines and back. Everything outside ASCII is escaped, so a record is always one line.</summary>
public static class GuestRecordFormat
{
    public static string ToLine(GuestRecord record) =>
        JsonSerializer.Serialize(record, GuestRecordJson.Default.GuestRecord);

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
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(GuestRecord))]
internal sealed partial class GuestRecordJson : JsonSerializerContext;
