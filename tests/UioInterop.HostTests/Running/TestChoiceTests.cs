using NUnit.Framework;
using UioInterop.Harness.Commands;
using UioInterop.Machines;

namespace UioInterop.HostTests.Running;

/// <summary>Which tests --filter chooses.</summary>
internal sealed class TestChoiceTests
{
    [TestCase("logic", new[] { "A.LogicTests.B" })]
    [TestCase("other", new[] { "A.Other.C" })]
    public void A_text_is_looked_for_in_the_tests_name_and_not_in_its_machines(string text, string[] chosen)
    {
        var choice = new TestChoice([MachineList.Zcu102Logic], text, Host: true, Guest: true);

        Assert.That(choice.From([OnHost("A.LogicTests.B"), OnHost("A.Other.C")]), Is.EqualTo(chosen.Select(OnHost)));
    }

    private static string OnHost(string test) => $"UioInterop.HostTests.OnMachines.zcu102-logic: {test}";
}
