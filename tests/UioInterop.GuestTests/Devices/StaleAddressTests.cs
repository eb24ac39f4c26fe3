using System.Diagnostics;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>What a device reaches after its mapping has ended: nothing, and the IOMMU says so.</summary>
internal abstract class StaleAddressTest : EduTest
{
    // edu moves the data 100 ms after it was told to, counted from the last full millisecond.
    private protected static readonly TimeSpan s_aMillisecondBefore = TimeSpan.FromMilliseconds(98.5);

    // One word: QEMU's SMMUv3 reports each word of a longer write, and the kernel prints ten reports in five seconds.
    private protected const int RefusedLength = 4;

    // The emulator may be late at any time, and its clocks may not quite agree: an attempt that came too late to prove
    // anything is made again, a little earlier.
    private const int Attempts = 50;
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(0.5);

    [Test]
    public void A_write_due_a_millisecond_after_unmap_faults_and_leaves_memory_untouched()
    {
        Load(Buffers.Pattern(Length, seed: 5));
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            using var buffer = DmaHeap.Cma.Allocate(4096);
            using var log = new GuestLog();
            var mapping = Edu.Device.Import(buffer, DmaDirection.Bidirectional);
            var address = mapping.Address;
            // With the translation in the IOMMU's cache, as that of a working device is: the unmap has to take it out of
            // there. No other unmap in between, which might do that for it.
            Edu.CopyFromDevice(mapping, 0, Length, Timeout);
            Buffers.Fill(buffer, new byte[Length]);
            AnnounceFault(address);
            var started = Stopwatch.GetTimestamp();
            Edu.Start(EduTransfer.FromDevice, address, RefusedLength);
            while (Stopwatch.GetElapsedTime(started) < s_aMillisecondBefore - (attempt * s_step)) { }

            mapping.Dispose();
            var inTime = Edu.IsBusy;

            Assert.That(Edu.TryWaitForCompletion(Timeout, out _), Is.True);
            if (!inTime)
                continue;
            ExpectFault(log, address);
            Assert.That(Buffers.Read(buffer, Length), Is.All.Zero);
            return;
        }
        Assert.Fail($"in {Attempts} attempts no unmap was over before the device's write was due");
    }

    private protected static void ExpectFault(GuestLog log, DeviceAddress address)
    {
        AnnounceFault(address);
        Assert.That(log.WaitFor(IommuFault.OfThisMachine.At(address), Timeout), Is.Not.Null, $"a fault at {address}");
    }

    private static void AnnounceFault(DeviceAddress address)
    {
        KernelLogCheckAttribute.Expect(IommuFault.OfThisMachine.Head);
        KernelLogCheckAttribute.Expect(IommuFault.OfThisMachine.At(address));
    }
}

/// <summary>The same with an IOMMU that would forget some milliseconds later by itself: the import has it flushed.</summary>
[Category(Needs.Translation), Category(Needs.Lazy)]
internal sealed class LazyStaleAddressTests : StaleAddressTest;

[Category(Needs.Iommu)]
internal sealed class StaleAddressTests : StaleAddressTest
{
    [Test]
    public void A_killed_process_leaves_no_attachment_and_its_address_faults()
    {
        Load(Buffers.Pattern(Length, seed: 6));
        Edu.Dispose();
        using var buffer = DmaHeap.Cma.Allocate(4096);

        var address = ChildProcess.ImportAndBeKilled(buffer);

        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
        using var log = new GuestLog();
        using var edu = EduDevice.Open();
        Assert.That(edu.Pci.BusMaster, Is.True);
        edu.Start(EduTransfer.FromDevice, address, RefusedLength);
        Assert.That(edu.TryWaitForCompletion(Timeout, out _), Is.True);
        ExpectFault(log, address);
        Assert.That(Buffers.Read(buffer, Length), Is.All.Zero);
    }

    // The hook switches bus mastering off, so that a write that is due reaches nothing. Were the mappings gone first, a
    // write that is due before the hook would fault; with many mappings there is time for that.
    [Test]
    public void The_drivers_release_hook_runs_before_the_mappings_end()
    {
        // Of a device that a file has claimed, others' releases leave the hook alone.
        Edu.Dispose();
        OpenDevice(new UioOpenOptions { IsExclusive = false });
        const int rounds = 8;
        var buffers = Enumerable.Range(0, 2000).Select(_ => DmaHeap.System.Allocate(4096)).ToArray();
        try
        {
            var closing = CloseWithMappings(buffers, wait: TimeSpan.Zero);
            for (var round = 0; round < rounds; round++)
                CloseWithMappings(buffers, wait: s_aMillisecondBefore - (0.75 * closing));
        }
        finally
        {
            foreach (var buffer in buffers)
                buffer.Dispose();
        }
    }

    // That no fault is logged is asserted after every test.
    private TimeSpan CloseWithMappings(DmaBuf[] buffers, TimeSpan wait)
    {
        using var file = RawUio.Open(UnderTest.DevicePath);
        var addresses = buffers.Select(buffer => RawUio.MapForWriting(file, buffer)).ToArray();
        var started = Stopwatch.GetTimestamp();
        Edu.Start(EduTransfer.FromDevice, addresses[addresses.Length / 2], Length);
        while (Stopwatch.GetElapsedTime(started) < wait) { }

        var closing = Stopwatch.StartNew();
        file.Dispose();
        closing.Stop();

        Assert.That(Edu.Pci.BusMaster, Is.False, "the hook ran");
        Assert.That(Edu.TryWaitForCompletion(Timeout, out _), Is.True);
        Edu.Pci.BusMaster = true;
        return closing.Elapsed;
    }
}
