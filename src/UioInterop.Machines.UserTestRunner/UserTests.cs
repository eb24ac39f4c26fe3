using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Xml.Linq;
using UioInterop.Machines.Protocol;

namespace UioInterop.Machines.UserTestRunner;

/// <summary>
/// Somebody's NUnit tests, run by the NUnit beside them, whichever version it is: it is asked in XML, as NUnit's own engine does
/// (NUnit.Framework.Api.FrameworkController).
/// </summary>
internal sealed class UserTests
{
    private readonly Action<GuestRecord> _emit;
    private readonly object _controller;
    private EndRecord _end = new(0, 0, 0);

    /// <param name="path">The assembly; what it needs is beside it.</param>
    /// <param name="emit">Is given each record when it happens. Tests that run side by side call it side by side.</param>
    public UserTests(string path, Action<GuestRecord> emit)
    {
        _emit = emit;
        var resolver = new AssemblyDependencyResolver(path);
        AssemblyLoadContext context = AssemblyLoadContext.Default;
        context.Resolving += (_, name) =>
            resolver.ResolveAssemblyToPath(name) is { } found ? context.LoadFromAssemblyPath(found) : null;
        context.ResolvingUnmanagedDll += (_, name) =>
            resolver.ResolveUnmanagedDllToPath(name) is { } found ? System.Runtime.InteropServices.NativeLibrary.Load(found) : 0;

        Assembly tests = context.LoadFromAssemblyPath(path);
        Type controller = context.LoadFromAssemblyName(new AssemblyName("nunit.framework"))
            .GetType("NUnit.Framework.Api.FrameworkController", throwOnError: true)!;
        IDictionary settings = new Dictionary<string, object>
        {
            // When something hangs, what was said last has to be true.
            ["SynchronousEvents"] = true,
            ["WorkDirectory"] = Path.GetTempPath(),
        };
        _controller = Activator.CreateInstance(controller, tests, "", settings)!;
    }

    /// <summary>Runs all tests with a text in their names, but for those that want to be asked for.</summary>
    public EndRecord Run(string machine, string? text)
    {
        XElement loaded = XElement.Parse((string)Call("LoadTests")!);
        if ((string?)loaded.Attribute("runstate") == "NotRunnable")
            throw new InvalidOperationException($"NUnit cannot load the tests: {loaded.Element("properties")}");

        var filter = new TestFilter(Text: text);
        string[] names = [.. CasesIn(XElement.Parse((string)Call("ExploreTests", (string?)null)!))
            .Select(test => (string)test.Attribute("fullname")!).Where(name => filter.Includes(name, []))];
        _emit(new StartRecord(machine, names));
        // Without a name in it, a filter lets everything through.
        if (names.Length > 0)
            Call("RunTests", (Action<string>)OnEvent,
                new XElement("filter", new XElement("or", names.Select(name => new XElement("test", name)))).ToString());
        _emit(_end);
        return _end;
    }

    private static IEnumerable<XElement> CasesIn(XElement test) =>
        (string?)test.Attribute("runstate") == "Explicit" ? []
        : test.Name == "test-case" ? [test]
        : test.Elements().Where(child => child.Name == "test-suite" || child.Name == "test-case").SelectMany(CasesIn);

    private void OnEvent(string text)
    {
        XElement said = XElement.Parse(text);
        string name = (string?)said.Attribute("fullname") ?? "";
        switch (said.Name.LocalName)
        {
            case "start-test":
                _emit(new BeginRecord(name));
                break;
            case "test-output":
                Show(said.Value);
                break;
            case "test-case":
            // A suite's own tear-down has no test to fail.
            case "test-suite" when (string?)said.Attribute("result") == "Failed" && (string?)said.Attribute("site") == "TearDown":
                Show((string?)said.Element("output"));
                Record(name, said);
                break;
        }
    }

    private void Show(string? output)
    {
        foreach (string line in (output ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            _emit(new OutputRecord(line));
    }

    private void Record(string name, XElement test)
    {
        TestOutcome outcome = (string?)test.Attribute("result") switch
        {
            "Passed" or "Warning" => TestOutcome.Passed,
            "Failed" => TestOutcome.Failed,
            _ => TestOutcome.Skipped,
        };
        _end = outcome switch
        {
            TestOutcome.Passed => _end with { Passed = _end.Passed + 1 },
            TestOutcome.Failed => _end with { Failed = _end.Failed + 1 },
            _ => _end with { Skipped = _end.Skipped + 1 },
        };
        XElement? why = test.Element("failure") ?? test.Element("reason");
        double seconds = double.Parse((string?)test.Attribute("duration") ?? "0", CultureInfo.InvariantCulture);
        _emit(new ResultRecord(
            name, outcome, Math.Round(seconds * 1000, 1), (string?)why?.Element("message"), (string?)why?.Element("stack-trace")));
    }

    private object? Call(string method, params object?[] arguments)
    {
        Type[] types = [.. arguments.Select(argument => argument?.GetType() ?? typeof(string))];
        MethodInfo called = _controller.GetType().GetMethod(method, types)
            ?? throw new MissingMethodException($"This NUnit has no FrameworkController.{method}: it is older than 3.");
        return called.Invoke(_controller, BindingFlags.DoNotWrapExceptions, null, arguments, CultureInfo.InvariantCulture);
    }
}
