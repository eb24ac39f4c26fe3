using System.Collections;
using System.Globalization;
using System.Text;

namespace UioInterop.Prompt.Views;

/// <summary>
/// A value as text. An unknown object is shown by its <see cref="object.ToString"/> only: a driver's property may read a
/// register.
/// </summary>
internal static class View
{
    private const int MostItems = 100;
    private const int MostItemsInLine = 16;
    private const int MostCharacters = 20_000;

    public static string Of(object? value, int width)
    {
        string text = Whole(value, width);
        return text.Length <= MostCharacters
            ? text
            : $"{text.AsSpan(0, MostCharacters)}\n... {text.Length - MostCharacters} more characters";
    }

    private static string Whole(object? value, int width) => value switch
    {
        // Register values are read in this form.
        byte number => $"{number} (0x{number:x2})",
        ushort number => $"{number} (0x{number:x4})",
        uint number => $"{number} (0x{number:x8})",
        ulong number => $"{number} (0x{number:x16})",
        UioDevice device => DeviceViews.Of(device),
        UioDeviceInfo info => DeviceViews.Of(info),
        IReadOnlyCollection<UioDeviceInfo> devices => DeviceViews.Of(devices),
        DmaBuf buffer => DeviceViews.Of(buffer),
        DmaMapping mapping => DeviceViews.Of(mapping),
        _ when MappingOf(value) is { } mapping => DeviceViews.Of(value!.ToString()!, mapping),
        Array { Rank: 1 } array when NumbersIn(array) is { Length: > MostItemsInLine } numbers => Samples(array, numbers, width),
        IDictionary entries => Items(entries, width),
        IEnumerable items and not string when !SaysMore(value) => Items(items, width),
        _ => Short(value),
    };

    // DeviceBuffer<T>, for any T.
    private static DmaMapping? MappingOf(object? value) =>
        value?.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(DeviceBuffer<>)
            ? (DmaMapping?)type.GetProperty(nameof(DeviceBuffer<byte>.Mapping))!.GetValue(value)
            : null;

    private static double[]? NumbersIn(Array array) =>
        Type.GetTypeCode(array.GetType().GetElementType()) is >= TypeCode.SByte and <= TypeCode.Double
        && !array.GetType().GetElementType()!.IsEnum
            ? [.. array.Cast<object>().Select(item => Convert.ToDouble(item, CultureInfo.InvariantCulture))]
            : null;

    private static string Samples(Array array, double[] numbers, int width)
    {
        var (low, high) = LinePlot.RangeOf(numbers);
        string first = string.Join(", ", array.Cast<object>().Take(8).Select(Short));
        return $"{Name(array.GetType().GetElementType()!)}[{array.Length}] {{ {first}, ... }}\n"
            + $"{LinePlot.Spark(numbers, width)}\nfrom {LinePlot.Number(low)} to {LinePlot.Number(high)}";
    }

    private static string Items(IEnumerable items, int width)
    {
        List<string> texts = [];
        bool more = false;
        foreach (object? item in items)
        {
            more = texts.Count == MostItems;
            if (more)
                break;
            texts.Add(item is DictionaryEntry entry ? $"[{Short(entry.Key)}] = {Short(entry.Value)}" : Short(item));
        }

        // Of a query the class is LINQ's affair.
        string name = items.GetType().IsVisible ? Name(items.GetType()) : "sequence";
        string head = items is ICollection { Count: var count } ? Counted(items.GetType(), name, count) : name;
        string line = $"{head} {{ {string.Join(", ", texts)}{(more ? ", ..." : "")} }}";
        return line.Length <= width && !line.Contains('\n') ? line
            : $"{head}\n{{\n{string.Concat(texts.Select(text => $"  {text.ReplaceLineEndings("\n  ")}\n"))}{(more ? "  ...\n" : "")}}}";
    }

    private static string Counted(Type type, string name, int count) =>
        type.IsArray ? $"{Name(type.GetElementType()!)}[{count}]" : $"{name}({count})";

    private static string Short(object? value) => value switch
    {
        null => "null",
        string text => Quoted(text),
        char character => $"'{character}'",
        bool flag => flag ? "true" : "false",
        Enum flags => $"{flags} (0x{flags:x})",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        Type type => Name(type),
        Exception error => $"{Name(error.GetType())}: {error.Message}",
        IEnumerable items when !SaysMore(value) => Items(items, int.MaxValue),
        _ => SaysMore(value) ? value.ToString() ?? "" : Name(value.GetType()),
    };

    /// <summary>Whether an object has words of its own.</summary>
    private static bool SaysMore(object value) =>
        value.GetType().GetMethod(nameof(ToString), Type.EmptyTypes)?.DeclaringType is { } declares
        && declares != typeof(object) && declares != typeof(ValueType);

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char character in text)
        {
            quoted.Append(character switch
            {
                '"' => "\\\"", '\\' => "\\\\", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", '\0' => "\\0",
                < ' ' => $"\\u{(int)character:x4}",
                _ => character.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>A type's name as C# writes it.</summary>
    public static string Name(Type type)
    {
        if (type.IsArray)
            return Name(type.GetElementType()!) + "[]";
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Name(inner) + "?";
        if (Keyword(type) is { } keyword)
            return keyword;
        // The class around a type of a statement's is the compiler's affair.
        int mark = type.Name.IndexOf('`');
        string name = mark < 0 ? type.Name : type.Name[..mark];
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }

    private static string? Keyword(Type type) => type.IsEnum ? null : Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean => "bool", TypeCode.Byte => "byte", TypeCode.SByte => "sbyte", TypeCode.Int16 => "short",
        TypeCode.UInt16 => "ushort",
        TypeCode.Int32 => "int", TypeCode.UInt32 => "uint", TypeCode.Int64 => "long", TypeCode.UInt64 => "ulong",
        TypeCode.Single => "float",
        TypeCode.Double => "double", TypeCode.Decimal => "decimal", TypeCode.Char => "char", TypeCode.String => "string",
        _ => type == typeof(object) ? "object" : null,
    };
}
