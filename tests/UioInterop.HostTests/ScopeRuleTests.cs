using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace UioInterop.HostTests;

/// <summary>
/// What the compiler does not let a user do with a scope of CPU access. Each piece of code that it refuses has a twin
/// that it takes, so that nothing is refused for a slip of the pen.
/// </summary>
internal sealed class ScopeRuleTests
{
    private static IEnumerable<TestCaseData> Rules =>
    [
        // CS8168 names the scope itself, CS8352 a variable with something of it.
        Rule("The_span_does_not_leave_the_using_block", "CS8168",
            """
            static byte First(DmaBuf buffer)
            {
                Span<byte> span;
                using (var cpu = buffer.BeginAccess(CpuAccessMode.Read))
                    span = cpu.Span;
                return span[0];
            }
            """,
            """
            static byte First(DmaBuf buffer)
            {
                byte first;
                using (var cpu = buffer.BeginAccess(CpuAccessMode.Read))
                    first = cpu.Span[0];
                return first;
            }
            """),
        Rule("A_variable_does_not_take_it_out", "CS8352",
            """
            static byte First(DmaBuf buffer)
            {
                ReadOnlySpan<byte> outside;
                using (var cpu = buffer.BeginAccess(CpuAccessMode.Read))
                {
                    ReadOnlySpan<byte> slice = cpu.Span[1..];
                    outside = slice;
                }
                return outside[0];
            }
            """,
            """
            static byte First(DmaBuf buffer)
            {
                using (var cpu = buffer.BeginAccess(CpuAccessMode.Read))
                {
                    ReadOnlySpan<byte> slice = cpu.Span[1..];
                    return slice[0];
                }
            }
            """),
        Rule("The_span_is_not_returned", "CS8168",
            """
            static Span<byte> All(DmaBuf buffer)
            {
                using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
                return cpu.Span;
            }
            """,
            """
            static byte[] All(DmaBuf buffer)
            {
                using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
                return cpu.Span.ToArray();
            }
            """),
        Rule("The_span_is_not_handed_out", "CS8168",
            """
            static void All(DmaBuf buffer, ref Span<byte> bytes)
            {
                using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
                bytes = cpu.Span;
            }
            """,
            """
            static void All(DmaBuf buffer, ref Span<byte> bytes)
            {
                using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
                cpu.Span.CopyTo(bytes);
            }
            """),
        Rule("The_scope_is_not_open_over_an_await", "CS4007",
            """
            static async Task<byte> First(DmaBuf buffer)
            {
                using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
                await Task.Yield();
                return cpu.Span[0];
            }
            """,
            """
            static async Task<byte> First(DmaBuf buffer)
            {
                await Task.Yield();
                using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
                return cpu.Span[0];
            }
            """),
        Rule("What_is_open_over_an_await_is_memory", "CS4007",
            """
            static async Task Write(DmaBuf buffer, Stream stream)
            {
                using (var cpu = buffer.BeginAccess(CpuAccessMode.Read))
                    await stream.WriteAsync(cpu.Span.ToArray());
            }
            """,
            """
            static async Task Write(DmaBuf buffer, Stream stream)
            {
                using (var memory = buffer.BeginMemoryAccess(CpuAccessMode.Read))
                    await stream.WriteAsync(memory.Memory);
            }
            """),
        Rule("The_scope_is_not_open_over_a_yield", "CS4007",
            """
            static IEnumerable<byte> Each(DmaBuf buffer)
            {
                using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
                for (int i = 0; i < cpu.Span.Length; i++)
                    yield return cpu.Span[i];
            }
            """,
            """
            static IEnumerable<byte> Each(DmaBuf buffer)
            {
                for (int i = 0; i < buffer.Length; i++)
                {
                    byte each;
                    using (var cpu = buffer.BeginAccess(CpuAccessMode.Read, i, 1))
                        each = cpu.Span[0];
                    yield return each;
                }
            }
            """),
        Rule("A_lambda_does_not_keep_the_scope", "CS8175",
            """
            static Func<byte> First(DmaBuf buffer)
            {
                using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
                return () => cpu.Span[0];
            }
            """,
            """
            static Func<byte> First(DmaBuf buffer) => () =>
            {
                using var cpu = buffer.BeginAccess(CpuAccessMode.Read);
                return cpu.Span[0];
            };
            """),
        Rule("An_object_does_not_keep_the_scope", "CS8345",
            "sealed class Holder(DmaBuf buffer) { private CpuAccess _cpu = buffer.BeginAccess(CpuAccessMode.Read); }",
            "sealed class Holder(DmaBuf buffer) { private System.Buffers.IMemoryOwner<byte> _cpu = "
                + "buffer.BeginMemoryAccess(CpuAccessMode.Read); }"),
        Rule("The_scope_is_no_object", "CS0029",
            """
            static object Box(DmaBuf buffer)
            {
                object cpu = buffer.BeginAccess(CpuAccessMode.Read);
                return cpu;
            }
            """,
            """
            static object Box(DmaBuf buffer)
            {
                object cpu = buffer.BeginMemoryAccess(CpuAccessMode.Read);
                return cpu;
            }
            """),
    ];

    [TestCaseSource(nameof(Rules))]
    public void Holds(string refused, string diagnostic, string taken)
    {
        Assert.That(ErrorsOf(taken), Is.Empty, "the twin compiles");
        Assert.That(ErrorsOf(refused), Is.Not.Empty.And.All.EqualTo(diagnostic));
    }

    private static TestCaseData Rule(string name, string diagnostic, string refused, string taken) =>
        new TestCaseData(refused, diagnostic, taken).SetName(name);

    private static string[] ErrorsOf(string member)
    {
        var text = $$"""
            using System;
            using System.Collections.Generic;
            using System.IO;
            using System.Threading.Tasks;
            using UioInterop;

            public static class Snippet
            {
            {{member}}
            }
            """;
        var compilation = CSharpCompilation.Create("snippet", [InMemory.Parse(text)], [.. InMemory.References, InMemory.Library],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        // Some rules are found when code is made of it, and not before.
        return [.. compilation.Emit(Stream.Null).Diagnostics.Where(each =>
            each.Severity == DiagnosticSeverity.Error).Select(each => each.Id).Distinct()];
    }
}
