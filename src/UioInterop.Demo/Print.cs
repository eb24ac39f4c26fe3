namespace UioInterop.Demo;

/// <summary>The look of the demo's output: plain lines, readable in a log as well.</summary>
internal static class Print
{
    public static void Title(string text) => Console.WriteLine($"\n{text}\n{new string('-', text.Length)}");

    public static void Fact(string name, object value) => Console.WriteLine($"  {name,-12} {value}");

    public static void Step(string text) => Console.WriteLine($"  {text}");

    public static bool Verdict(bool good, string ifGood, string ifBad)
    {
        Console.WriteLine(good ? $"  [ok]   {ifGood}" : $"  [FAIL] {ifBad}");
        return good;
    }

    public static void Failed(string text) => Console.WriteLine($"\n  [FAIL] {text}");
}
