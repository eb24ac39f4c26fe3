namespace UioInterop.Machines.Guests;

/// <summary>How a guest program becomes machine code.</summary>
/// <param name="Name">A short name.</param>
/// <param name="PublishOptions">What `dotnet publish` is told.</param>
internal sealed record Compilation(string Name, Func<Architecture, IEnumerable<string>> PublishOptions)
{
    /// <summary>Whether it brings its own .NET runtime, or is one file without; otherwise the guest has one installed.</summary>
    public bool IsSelfContained { get; private init; } = true;

    /// <summary>Ahead, and once more at run time what runs often: an emulated CPU is slowest at compiling.</summary>
    public static Compilation ReadyToRun { get; } = new("ReadyToRun", _ => ["-p:PublishReadyToRun=true"]);

    /// <summary>At run time. What the framework brings is compiled already.</summary>
    public static Compilation Jit { get; } = new("Jit", _ => []);

    /// <summary>Ahead, into a program without a runtime, linked by the compiler that is there for the kernel.</summary>
    public static Compilation NativeAot { get; } = new("NativeAOT", architecture =>
    [
        "-p:PublishAot=true", "-p:NativeDebugSymbols=false", $"-p:CppCompilerAndLinker={architecture.Compiler}",
        $"-p:ObjCopyName={architecture.CrossPrefix}objcopy",
    ]);

    /// <summary>At run time, by a .NET runtime that the guest has.</summary>
    public static Compilation FrameworkDependent { get; } = new("FrameworkDependent", _ => []) { IsSelfContained = false };

    public static IReadOnlyList<Compilation> All { get; } = [ReadyToRun, Jit, NativeAot, FrameworkDependent];

    public static Compilation Named(string name) =>
        All.FirstOrDefault(each => each.Name == name)
        ?? throw new MachineException($"There is no compilation {name}; there are: {string.Join(", ", All)}.");

    public override string ToString() => Name;
}
