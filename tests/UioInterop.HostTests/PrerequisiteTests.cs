using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Machines;

namespace UioInterop.HostTests;

// They change the search path of all.
[NonParallelizable]
internal sealed class PrerequisiteTests
{
    private string? _path;

    [SetUp]
    public void KeepPath() => _path = Environment.GetEnvironmentVariable("PATH");

    [TearDown]
    public void RestorePath() => Environment.SetEnvironmentVariable("PATH", _path);

    [Test]
    public void What_is_missing_is_named_with_the_package_that_brings_it()
    {
        Environment.SetEnvironmentVariable("PATH", "");

        var error = Assert.Throws<MachineException>(() => Prerequisite.Require(MachineList.X64))!;

        Assert.That(error.Message, Does.Contain("qemu-system-x86_64").And.Contains("flex"));
        Assert.That(error.Message.Split("apt-get install ")[1].Split(' '), Does.Contain("qemu-system-x86").And.Contain("flex"));
    }

    [Test]
    public void The_script_installs_all_of_them()
    {
        var words = File.ReadAllText(Repository.At("build.sh")).Split([' ', '\n', '(', ')', '"']);

        Assert.That(Prerequisite.For(MachineList.All).Select(each => each.Package), Is.SubsetOf(words));
    }

    [Test, Category("thorough")]
    public void Nothing_is_missing_where_the_tests_run()
    {
        Assert.That(() => Prerequisite.Require(MachineList.Default), Throws.Nothing);
    }
}
