using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace UioInterop.TestRunner;

/// <summary>NUnit's view of a list of names: exactly these tests, and the suites that hold them.</summary>
internal sealed class ChosenTests(IEnumerable<string> fullNames) : NUnit.Framework.Internal.TestFilter
{
    private readonly HashSet<string> _fullNames = [.. fullNames];

    public override bool Match(ITest test) => !test.IsSuite && _fullNames.Contains(test.FullName);

    public override bool Pass(ITest test, bool negated) => Match(test) || MatchDescendant(test);

    public override bool IsExplicitMatch(ITest test) => false;

    public override TNode AddToXml(TNode parentNode, bool recursive) => parentNode.AddElement("chosen");
}
