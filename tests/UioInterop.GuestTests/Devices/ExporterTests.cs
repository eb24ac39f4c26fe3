using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>Memory of other drivers: what they write the device reads, and what the device writes they see.</summary>
[Category(Needs.Exporters)]
internal sealed class ExporterTests : EduTest
{
    [Test]
    public void The_graphics_driver_sees_what_the_device_writes()
    {
        var pattern = Buffers.Pattern(Length, seed: 3);
        using var graphics = Exporter.Graphics(2 * 4096);
        using var mapping = Edu.Device.Import(graphics.Buffer, DmaDirection.Bidirectional);
        Buffers.Fill(graphics.Buffer, pattern);
        Edu.CopyToDevice(mapping, 0, Length, Timeout);

        Edu.CopyFromDevice(mapping, 4096, Length, Timeout);

        Assert.That(graphics.ReadAsOwner(2 * 4096).AsSpan(4096, Length).ToArray(), Is.EqualTo(pattern));
    }

    [Test]
    public void A_frame_of_the_camera_goes_through_the_device_to_the_graphics_driver()
    {
        using var camera = Exporter.Camera();
        using var graphics = Exporter.Graphics(4096);
        using var frame = Edu.Device.Import(camera.Buffer, DmaDirection.ToDevice);
        using var shown = Edu.Device.Import(graphics.Buffer, DmaDirection.FromDevice);

        camera.Capture();
        Edu.CopyToDevice(frame, 0, Length, Timeout);
        Edu.CopyFromDevice(shown, 0, Length, Timeout);

        var taken = camera.ReadAsOwner(Length);
        Assert.That(taken.Distinct().Count(), Is.GreaterThan(1), "a picture of nothing tests nothing");
        Assert.That(graphics.ReadAsOwner(Length), Is.EqualTo(taken));
    }

    [Test]
    public void The_camera_sees_what_the_device_writes()
    {
        var pattern = Buffers.Pattern(Length, seed: 4);
        using var camera = Exporter.Camera();
        using var graphics = Exporter.Graphics(4096);
        Buffers.Fill(graphics.Buffer, pattern);
        using var source = Edu.Device.Import(graphics.Buffer, DmaDirection.ToDevice);
        using var frame = Edu.Device.Import(camera.Buffer, DmaDirection.FromDevice);

        Edu.CopyToDevice(source, 0, Length, Timeout);
        Edu.CopyFromDevice(frame, Length, Length, Timeout);

        Assert.That(camera.ReadAsOwner(2 * Length).AsSpan(Length).ToArray(), Is.EqualTo(pattern));
    }

    // The sync ioctl waits for the buffer's fences.
    [Test]
    public void A_mapping_ends_while_a_reader_waits_for_a_fence() => WithFence((graphics, signal) =>
    {
        var mapping = Edu.Device.Import(graphics.Buffer, DmaDirection.ToDevice);
        var reading = OnAThread(() => graphics.Buffer.BeginAccess(CpuAccessMode.Read).Dispose());
        Assert.That(SpinWait.SpinUntil(() => graphics.Buffer.Ledger.OpenSync != 0, Bound.Long), Is.True);
        var ending = OnAThread(mapping.Dispose);

        Assert.That(ending.Wait(Bound.Long), Is.True);

        var hasRead = reading.IsCompleted;
        var wasInTime = signal();
        Assert.That(reading.Wait(Bound.Long), Is.True);
        if (wasInTime)
            Assert.That(hasRead, Is.False);
        return wasInTime;
    });

    [Test]
    public void A_wait_for_fences_ends_when_the_driver_signals() => WithFence((graphics, signal) =>
    {
        var waiting = graphics.Buffer.WaitAsync(CpuAccessMode.Read, Timeout);
        var hasEnded = waiting.IsCompleted;

        var wasInTime = signal();
        Assert.That(waiting.Wait(Bound.Long), Is.True);
        if (wasInTime)
            Assert.That(hasEnded, Is.False);
        return wasInTime;
    });

    [Test]
    public void The_end_of_an_import_is_not_the_end_of_the_buffer()
    {
        using var graphics = Exporter.Graphics(4096);
        using (Edu.Device.Import(graphics.Buffer, DmaDirection.FromDevice))
            Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(1));

        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
        Assert.That(graphics.ReadAsOwner(4096), Is.All.Zero);
    }

    /// <summary>Makes attempts until one was over before its fence expired, as it does by itself on a busy host.</summary>
    private static void WithFence(Func<Exporter, Func<bool>, bool> attempt)
    {
        for (var i = 0; i < 3; i++)
        {
            using var graphics = Exporter.Graphics(4096);
            var fence = graphics.SetFence();
            if (attempt(graphics, () => graphics.TrySignal(fence)))
                return;
        }
        Assert.Fail("nothing went on before the fence expired");
    }

    private static Task OnAThread(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
