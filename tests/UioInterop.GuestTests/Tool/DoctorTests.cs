using System.Text.Json;
using UioInterop.GuestTests.Support;
using UioInterop.Tool;
using UioInterop.Tool.Doctor;

namespace UioInterop.GuestTests.Tool;

/// <summary>Each finding is brought about, and seen to go when its remedy has been applied.</summary>
internal sealed class DoctorTests
{
    private static readonly string[] s_chain = ["uio", "heap", "open", "registers", "interrupt", "import"];

    [SetUp, TearDown]
    public void Bind() => UnderTest.Bind();

    [Test, Category(Needs.Edu), Category(Needs.Import)]
    public void A_device_that_can_do_DMA_has_no_problem()
    {
        var (code, findings) = Examine();

        Assert.That(code, Is.EqualTo(ExitCode.Done));
        Assert.That(findings.Where(one => one.Level == "Problem"), Is.Empty);
        Assert.That(findings.Where(one => one.Level == "Good").Select(one => one.Check), Is.SupersetOf(s_chain));
    }

    [Test, Category(Needs.Edu), Category(Needs.NoImport)]
    public void A_kernel_without_the_import_is_named()
    {
        var (code, findings) = Examine();

        Assert.That(code, Is.EqualTo(ExitCode.NoTransfer));
        Assert.That(Problem(findings, "import").Remedy, Does.Contain("CONFIG_UIO_DMABUF"));
    }

    [Test, Category(Needs.Edu), Category(Needs.Iommu)]
    public void An_IOMMU_that_translates_strictly_is_good() => Assert.That(Of("iommu", Examine().Findings).Level, Is.EqualTo("Good"));

    [Test, Category(Needs.Translation), Category(Needs.Lazy)]
    public void A_lazy_IOMMU_is_noted_until_its_group_is_made_strict()
    {
        var note = Of("iommu", Examine().Findings);

        Assert.That((note.Level, note.Remedy), Is.EqualTo(("Note", $"uio unbind, then echo DMA > {GroupType.Path}")));

        using var strict = new GroupType("DMA");
        Assert.That(Of("iommu", Examine().Findings).Level, Is.EqualTo("Good"));
    }

    [Test, Category(Needs.Edu), Category(Needs.Direct)]
    public void A_device_without_an_IOMMU_is_noted() => Assert.That(Of("iommu", Examine().Findings).Level, Is.EqualTo("Note"));

    [Test, Category(Needs.Edu), Category(Needs.Pc)]
    public void Without_a_device_binding_one_helps()
    {
        UnderTest.Unbind();
        MountNamespace.Run(mounts =>
        {
            // Other devices of the machine may be bound.
            mounts.Hide("/sys/class/uio");
            var (code, findings) = Examine(null);

            Assert.That(code, Is.EqualTo(ExitCode.NoTransfer));
            Assert.That(Problem(findings, "devices").Remedy, Does.StartWith("uio bind DEVICE"));
        });

        Assert.That(ToolRun.Of("bind", UnderTest.Name).Code, Is.Zero);
        Assert.That(Examine(null).Findings.Select(one => one.Check), Has.None.EqualTo("devices"));
    }

    [Test, Category(Needs.Edu)]
    public void A_kernel_without_UIO_is_named()
    {
        MountNamespace.Run(mounts =>
        {
            mounts.Hide("/sys/class");
            Assert.That(Problem(Examine(null).Findings, "uio").Remedy, Does.Contain("modprobe uio"));
        });

        Assert.That(Of("uio", Examine(null).Findings).Level, Is.EqualTo("Good"));
    }

    [Test, Category(Needs.Edu)]
    public void Without_sysfs_mounting_it_helps() => MountNamespace.Run(mounts =>
    {
        mounts.Hide("/sys");

        Assert.That(Problem(Examine(null).Findings, "sysfs").Remedy, Is.EqualTo("mount -t sysfs sysfs /sys"));

        MountNamespace.Mount("sysfs", "/sys");
        Assert.That(Examine(null).Findings.Select(one => one.Check), Has.None.EqualTo("sysfs"));
    });

    [Test, Category(Needs.Edu), Category(Needs.Pc)]
    public void A_kernel_without_heaps_is_named()
    {
        MountNamespace.Run(mounts =>
        {
            mounts.Hide("/dev/dma_heap").Hide("/sys/class/dma_heap");
            Assert.That(Problem(Examine().Findings, "heaps").Remedy, Does.Contain("CONFIG_DMABUF_HEAPS=y"));
        });

        Assert.That(Examine().Findings.Select(one => one.Check), Has.None.EqualTo("heaps"));
    }

    [Test, Category(Needs.Edu)]
    public void In_a_container_without_its_nodes_both_are_named() => MountNamespace.Run(mounts =>
    {
        var (path, number) = (UnderTest.DevicePath, MountNamespace.DeviceOf(Path.GetFileName(UnderTest.DevicePath)));
        var heap = MountNamespace.DeviceOf("system", "dma_heap");
        mounts.Hide("/dev");
        var findings = Examine().Findings;

        Assert.That(Problem(findings, "node").Remedy, Does.Contain($"--device {path}"));
        Assert.That(Problem(findings, "heaps").Remedy, Does.Contain("--device /dev/dma_heap/system"));

        MountNamespace.MakeNode(path, number);
        Directory.CreateDirectory("/dev/dma_heap");
        MountNamespace.MakeNode("/dev/dma_heap/system", heap);
        Assert.That(Examine().Findings.Select(one => one.Check), Has.None.EqualTo("node").And.None.EqualTo("heaps"));
    });

    [Test, Category(Needs.Edu)]
    public void Without_permission_a_udev_rule_helps()
    {
        Unprivileged.AsNobody(() =>
        {
            var problem = Problem(Examine().Findings, "open");
            Assert.That(problem.Remedy, Does.Contain("udev rule").And.Contains(Path.GetFileName(UnderTest.DevicePath)));
        });

        using var allowed = new Allowed(UnderTest.DevicePath);
        Unprivileged.AsNobody(() => Assert.That(Of("open", Examine().Findings).Level, Is.EqualTo("Good")));
    }

    [Test, Category(Needs.Edu)]
    public void Without_permission_for_heaps_a_udev_rule_helps()
    {
        Unprivileged.AsNobody(() => Assert.That(Problem(Examine().Findings, "heap").Remedy, Does.Contain("dma_heap")));

        using var allowed = new Allowed(Directory.GetFiles("/dev/dma_heap"));
        Unprivileged.AsNobody(() => Assert.That(Examine().Findings.Where(one => one.Check == "heap").Select(one => one.Level),
            Is.Not.Empty.And.All.EqualTo("Good")));
    }

    [Test, Category(Needs.Edu), Category(Needs.Boards)]
    public void A_kernel_with_the_boards_ioctls_alone_is_noted() =>
        Assert.That(Of("abi", Examine().Findings).Remedy, Does.StartWith("put the series into it"));

    [Test, Category(Needs.Edu), Category(Needs.Handles)]
    public void A_kernel_with_the_import_by_handle_is_not() =>
        Assert.That(Examine().Findings.Select(one => one.Check), Has.None.EqualTo("abi"));

    [Test, Category(Needs.Edu)]
    public void A_device_in_use_is_noted_and_left_alone()
    {
        using (var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name)))
        {
            device.Pci!.BusMaster = true;

            Assert.That(Of("open", Examine().Findings).Level, Is.EqualTo("Note"));
            Assert.That(device.Pci.BusMaster, Is.True);
        }

        Assert.That(Of("open", Examine().Findings).Level, Is.EqualTo("Good"));
    }

    [Test, Category(Needs.Edu), Category(Needs.Direct), Category(Needs.Coherent)]
    public void Without_an_IOMMU_a_missing_CMA_heap_is_noted() => MountNamespace.Run(mounts =>
    {
        var system = MountNamespace.DeviceOf("system", "dma_heap");
        mounts.Hide("/dev/dma_heap");
        MountNamespace.MakeNode("/dev/dma_heap/system", system);

        Assert.That(Of("cma", Examine().Findings).Remedy, Does.StartWith("cma="));

        var reserved = Directory.GetDirectories("/sys/class/dma_heap").Select(path => Path.GetFileName(path)!)
            .First(name => name != "system");
        MountNamespace.MakeNode($"/dev/dma_heap/{reserved}", MountNamespace.DeviceOf(reserved, "dma_heap"));
        Assert.That(Examine().Findings.Select(one => one.Check), Has.None.EqualTo("cma"));
    });

    [Test, Category(Needs.Edu)]
    public void A_locked_kernel_is_noted() => MountNamespace.Run(mounts =>
    {
        // A fake: the test kernels have no lockdown.
        mounts.Hide("/sys/kernel");
        Directory.CreateDirectory("/sys/kernel/security");
        File.WriteAllText("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        Assert.That(Of("lockdown", Examine(null).Findings).Level, Is.EqualTo("Note"));

        File.WriteAllText("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        Assert.That(Examine(null).Findings.Select(one => one.Check), Has.None.EqualTo("lockdown"));
    });

    [Test, Category(Needs.Edu)]
    public void A_power_domain_that_failed_is_a_problem()
    {
        MountNamespace.Run(mounts =>
        {
            // A fake: no clock of these machines fails.
            mounts.Replace($"{UnderTest.OnItsBus.Folder}/power/runtime_status", "error\n");
            Assert.That(Problem(Examine().Findings, "power").Subject, Is.EqualTo(UnderTest.DevicePath));
        });

        Assert.That(Examine().Findings.Select(one => one.Check), Has.None.EqualTo("power"));
    }

    // A fake: no machine of QEMU's has an FPGA manager.
    [TestCase("operating", ExpectedResult = Finding.GoodLevel, Category = Needs.Edu)]
    [TestCase("power off", ExpectedResult = Finding.NoteLevel, Category = Needs.Edu)]
    public string Logic_without_a_design_is_noted(string state)
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            File.WriteAllText($"{folder}/state", state + "\n");
            return KernelChecks.FpgaManager(folder.FullName).Level;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test, Category(Needs.GenericUio)]
    public void A_device_without_registers_and_interrupt_is_noted()
    {
        var findings = Examine("no-registers").Findings;

        Assert.That((Of("registers", findings).Level, Of("interrupt", findings).Level), Is.EqualTo(("Note", "Note")));

        // A node that has both properties.
        findings = Examine().Findings;
        Assert.That((Of("registers", findings).Level, Of("interrupt", findings).Level), Is.EqualTo(("Good", "Good")));
    }

    private static (int Code, Seen[] Findings) Examine() => Examine(UnderTest.Name);

    private static (int Code, Seen[] Findings) Examine(string? device)
    {
        var run = ToolRun.Of([.. device is null ? ["doctor"] : new[] { "doctor", device }, "--json"]);
        Assert.That(run.Error, Is.Empty);
        var report = JsonDocument.Parse(run.Output).RootElement;
        Assert.That(report.GetProperty("canTransfer").GetBoolean(), Is.EqualTo(run.Code == ExitCode.Done));
        return (run.Code, [.. report.GetProperty("findings").EnumerateArray().Select(one => new Seen(
            Text(one, "check"), Text(one, "level"), Text(one, "subject"), Text(one, "remedy")))]);
    }

    private static string Text(JsonElement one, string name) => one.GetProperty(name).GetString() ?? "";

    private static Seen Of(string check, Seen[] findings) => findings.First(one => one.Check == check);

    private static Seen Problem(Seen[] findings, string check)
    {
        var found = findings.First(one => one.Check == check && one.Level != "Good");
        Assert.That(found.Level, Is.EqualTo("Problem"));
        return found;
    }

    // What a udev rule does.
    private sealed class Allowed : IDisposable
    {
        private readonly string[] _paths;

        public Allowed(params string[] paths)
        {
            _paths = paths;
            SetMode(0x1b6); // 0666
        }

        public void Dispose() => SetMode(0x180); // 0600, as the kernel makes them

        private void SetMode(int mode)
        {
            foreach (var path in _paths)
                RawFile.SetMode(path, mode);
        }
    }

    private sealed record Seen(string Check, string Level, string Subject, string Remedy);
}
