namespace UioInterop.Prompt.Links;

/// <summary>A line to an agent.</summary>
internal abstract class Link : IDisposable
{
    /// <summary>What the agent sends.</summary>
    public abstract Stream FromAgent { get; }

    /// <summary>What is sent to it.</summary>
    public abstract Stream ToAgent { get; }

    /// <summary>Why there is no agent any more, after <see cref="FromAgent"/> has ended.</summary>
    public abstract string WhyEnded();

    /// <summary>The end of what is sent to the agent, which ends it.</summary>
    public virtual void Close() => ToAgent.Dispose();

    /// <summary>Ends it at once, before there is an agent.</summary>
    public virtual void Abort() => Close();

    public abstract void Dispose();
}
