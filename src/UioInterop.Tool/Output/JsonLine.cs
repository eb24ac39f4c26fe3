using System.Text;
using System.Text.Json;

namespace UioInterop.Tool.Output;

/// <summary>What a command prints with <c>--json</c>. Names stay as they are; new ones may come.</summary>
internal interface IData
{
    /// <summary>Names and values: text, numbers, truth values, null, <see cref="IData"/>, and lists of these.</summary>
    IEnumerable<(string Name, object? Value)> Fields { get; }
}

/// <summary>Writes data as one line of JSON. By hand: a serializer makes the tool larger by half a megabyte.</summary>
internal static class JsonLine
{
    public static string Of(object? value)
    {
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory))
            Write(writer, value);
        return Encoding.UTF8.GetString(memory.GetBuffer().AsSpan(0, (int)memory.Length));
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(text); break;
            case bool truth: writer.WriteBooleanValue(truth); break;
            case int number: writer.WriteNumberValue(number); break;
            case long number: writer.WriteNumberValue(number); break;
            case uint number: writer.WriteNumberValue(number); break;
            case double number: writer.WriteNumberValue(number); break;
            case IData data:
                writer.WriteStartObject();
                foreach ((string name, object? field) in data.Fields)
                {
                    writer.WritePropertyName(name);
                    Write(writer, field);
                }

                writer.WriteEndObject();
                break;
            case IEnumerable<object> values:
                writer.WriteStartArray();
                foreach (object one in values)
                    Write(writer, one);
                writer.WriteEndArray();
                break;
            default: throw new NotSupportedException($"{value.GetType()} has no form in JSON.");
        }
    }
}
