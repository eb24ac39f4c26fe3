namespace UioInterop.Prompt;

/// <summary>What a person can act on, as a sentence.</summary>
internal class PromptException(string message) : Exception(message);

/// <summary>The agent is gone: what it had is lost.</summary>
internal sealed class AgentLostException(string message) : PromptException(message);
