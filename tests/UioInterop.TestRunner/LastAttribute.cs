using NUnit.Framework;

namespace UioInterop.TestRunner;

/// <summary>A fixture that runs after all others, in whatever order those run.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class LastAttribute() : PropertyAttribute(Property, "true")
{
    internal const string Property = "Last";
}
