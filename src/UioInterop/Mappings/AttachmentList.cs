namespace UioInterop;

/// <summary>
/// What a device has attached, newest first. The links lie in the attachments themselves: a hash table would add noticeably to
/// the cost of an import.
/// </summary>
internal sealed class AttachmentList
{
    private Attachment? _first;

    public int Count { get; private set; }

    public void Add(Attachment attachment)
    {
        attachment.Next = _first;
        if (_first is not null)
            _first.Previous = attachment;
        _first = attachment;
        Count++;
    }

    /// <summary>Removes what is in the list.</summary>
    public void Remove(Attachment attachment)
    {
        if (attachment.Previous is { } previous)
            previous.Next = attachment.Next;
        else
            _first = attachment.Next;

        if (attachment.Next is { } next)
            next.Previous = attachment.Previous;

        attachment.Previous = attachment.Next = null;
        Count--;
    }

    public bool Has(DmaBuf buffer)
    {
        foreach (Attachment attachment in this)
        {
            if (attachment.Buffer == buffer)
                return true;
        }

        return false;
    }

    public void Clear()
    {
        _first = null;
        Count = 0;
    }

    public Attachment[] ToArray()
    {
        var all = new Attachment[Count];
        int i = 0;
        foreach (Attachment attachment in this)
            all[i++] = attachment;
        return all;
    }

    public Enumerator GetEnumerator() => new(_first);

    public struct Enumerator(Attachment? next)
    {
        private Attachment? _next = next;
        private Attachment? _current;

        public readonly Attachment Current => _current!;

        public bool MoveNext()
        {
            _current = _next;
            _next = _next?.Next;
            return _current is not null;
        }
    }
}
