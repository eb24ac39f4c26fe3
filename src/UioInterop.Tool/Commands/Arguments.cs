using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace UioInterop.Tool.Commands;

/// <summary>Arguments and options that several commands have.</summary>
internal static class Arguments
{
    public static Argument<string> Device() => new("DEVICE") { Description = "Which UIO device", CompletionSources = { _ => Devices } };

    /// <summary>One that may be left out.</summary>
    public static Argument<string?> AnyDevice(string description) => new("DEVICE")
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrOne,
        CompletionSources = { _ => Devices },
    };

    public static Argument<string> BusDevice() => new("DEVICE")
    {
        Description = "A PCI function, 0000:00:02.0, or a platform device, ffa80000.dma",
    };

    /// <summary>A number, in decimal, or in hexadecimal after 0x.</summary>
    public static Argument<T> Number<T>(string name, string description) where T : struct, IBinaryInteger<T> => new(name)
    {
        Description = description,
        CustomParser = result => Parse<T>(result),
    };

    /// <summary>As <see cref="Number"/>, as an option.</summary>
    public static Option<T> NumberOption<T>(string name, string description, T @default) where T : struct, IBinaryInteger<T> => new(name)
    {
        Description = description,
        CustomParser = result => Parse<T>(result),
        DefaultValueFactory = _ => @default,
    };

    private static IEnumerable<CompletionItem> Devices => UioDevice.List().Select(info => new CompletionItem(info.DevicePath));

    private static T Parse<T>(SymbolResult result) where T : struct, IBinaryInteger<T>
    {
        string text = result.Tokens is [var only] ? only.Value : "";
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        NumberStyles style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.AllowLeadingSign;
        if (T.TryParse(isHex ? text.AsSpan(2) : text, style, CultureInfo.InvariantCulture, out T value) && !T.IsNegative(value))
            return value;

        result.AddError($"\"{text}\" is no number: 64 or 0x40.");
        return default;
    }
}
