using Microsoft.CodeAnalysis.CSharp;

namespace UioInterop.Prompt.Compiling;

/// <summary>A statement that can be run. It becomes part of what later ones see when it has succeeded.</summary>
/// <param name="Text">What was typed.</param>
/// <param name="Compilation">What the compiler knows of it.</param>
/// <param name="Type">The class of it.</param>
/// <param name="Slot">The place of its object, at most.</param>
/// <param name="HasValue">Whether it is an expression that has one.</param>
/// <param name="Assembly">The assembly; empty when there is nothing to run.</param>
/// <param name="Symbols">Its symbols; empty when there is nothing to be said with them.</param>
internal sealed record CompiledStatement(
    string Text, CSharpCompilation Compilation, string Type, int Slot, bool HasValue, byte[] Assembly, byte[] Symbols);
