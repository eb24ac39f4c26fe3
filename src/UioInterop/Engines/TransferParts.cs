namespace UioInterop;

/// <summary>The memory of a <see cref="OneShotEngine"/>'s transfer: one part of a mapping, without an allocation, or a list.</summary>
public readonly struct TransferParts
{
    private readonly TransferPart _one;
    private readonly TransferPart[]? _many;

    internal TransferParts(TransferPart one) => _one = one;

    /// <summary>Takes a copy of the list: it belongs to the caller, who may change it.</summary>
    internal TransferParts(IReadOnlyList<TransferPart> many) => _many = [.. many];

    /// <summary>How many parts there are.</summary>
    public int Count => _many?.Length ?? 1;

    /// <summary>One of them.</summary>
    /// <param name="index">Which one, from 0 on.</param>
    public TransferPart this[int index] => _many is null ? _one : _many[index];

    /// <summary>The parts in words.</summary>
    public override string ToString() => _many is null ? _one.ToString() : string.Join(", ", _many);
}
