using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests;

/// <summary>A program outside of the repository finds the shim, however it came by the library.</summary>
internal sealed class NativeLibraryTests
{
    // The shim is called with a descriptor it refuses: -25 is its -ENOTTY.
    public const string Program = """
        using System.Reflection;
        var sync = typeof(UioInterop.UioDevice).Assembly.GetType("UioInterop.Interop.Shim", throwOnError: true)!.GetMethod("Sync")!;
        using var file = File.OpenHandle("/dev/null");
        Console.WriteLine(sync.Invoke(null, [file, 1ul]));
        """;

    public const string Answer = "-25";

    private static readonly string s_library = Repository.At("src", "UioInterop", "UioInterop.csproj");

    [Test, Category("thorough")]
    public async Task Through_a_project_reference()
    {
        using var folder = Project($"<ProjectReference Include=\"{s_library}\" />");

        Assert.That((await folder.RunAsync("dotnet", ["run", "-c", "Release"])).Trim(), Is.EqualTo(Answer));
    }

    [TestCase("linux-x64"), TestCase(null), Category("thorough")]
    public async Task From_a_published_folder(string? runtime)
    {
        using var folder = Project($"<ProjectReference Include=\"{s_library}\" />");
        string[] target = runtime is null ? [] : ["-r", runtime, "--no-self-contained"];
        await folder.RunAsync("dotnet", ["publish", "-c", "Release", "-o", "out", .. target]);

        Assert.That((await folder.RunAsync("dotnet", ["out/program.dll"])).Trim(), Is.EqualTo(Answer));
    }

    // The host unpacks the shim into a folder that only it knows.
    [Test, Category("thorough")]
    public async Task From_a_single_file()
    {
        using var folder = Project($"<ProjectReference Include=\"{s_library}\" />");
        await folder.RunAsync("dotnet", ["publish", "-c", "Release", "-o", "out", "-r", "linux-x64", "--no-self-contained",
            "-p:PublishSingleFile=true", "-p:IncludeNativeLibrariesForSelfExtract=true"]);
        File.Move(folder.PathOf("out/program"), folder.PathOf("alone"));

        var runtime = $"DOTNET_ROOT={Path.GetDirectoryName(Environment.ProcessPath)}";
        Assert.That((await folder.RunAsync("env", [runtime, "./alone"])).Trim(), Is.EqualTo(Answer));
    }

    private static ScratchFolder Project(string reference)
    {
        var folder = new ScratchFolder();
        folder.Write("Program.cs", Program);
        folder.Write("program.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
              </PropertyGroup>
              <ItemGroup>
                {reference}
              </ItemGroup>
            </Project>
            """);
        return folder;
    }
}
