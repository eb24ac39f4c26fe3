using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>What others see of a mapping while the answer of its ioctl is being written, which can take any time.</summary>
[Category(Needs.UserFaults)]
internal sealed class SleepingAnswerTests : AbiTest
{
    private static readonly TimeSpan s_patience = Bound.Long;

    [Test, Category(Needs.Handles)]
    public void A_mapping_is_not_detached_before_its_handle_is_known()
    {
        using var other = Buffer();
        using var buffer = Buffer();
        var before = RawHandles.Attached(Uio, other);
        using var page = new WatchedPage();
        var attach = Start(page, RawHandles.AttachCommand, Attach(buffer));

        Assert.That(Attachments, Is.EqualTo(2), "it is mapped already");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(RawHandles.Detach(Uio, before + 1), Is.EqualTo(-LibC.ENOENT));
            Assert.That(RawHandles.Ranges(Uio, before + 1, 0, new RawRange[1], out _), Is.EqualTo(-LibC.ENOENT));
            Assert.That(RawHandles.Attach(Uio, buffer), Is.EqualTo(-LibC.EBUSY));
            Assert.That(RawHandles.Detach(Uio, before), Is.Zero, "others are");
        }

        page.LetGo();
        Assert.That(ResultOf(attach), Is.Zero);
        Assert.That(page.Read<RawAttach>().Handle, Is.EqualTo(before + 1));
        Assert.That(RawHandles.Detach(Uio, before + 1), Is.Zero);
    }

    [Test, Category(Needs.Handles)]
    public void Unbinding_does_not_wait_for_a_sleeping_task_and_ends_its_mapping()
    {
        using var buffer = Buffer();
        using var page = new WatchedPage();
        var attach = Start(page, RawHandles.AttachCommand, Attach(buffer));

        Unbind();
        Assert.That(Attachments, Is.Zero);

        page.LetGo();
        Assert.That(ResultOf(attach), Is.Zero, "as if the device had gone a moment later");
        Assert.That(RawHandles.Detach(Uio, page.Read<RawAttach>().Handle), Is.EqualTo(-LibC.ENODEV));
    }

    [Test]
    public void A_mapping_of_the_boards_ioctl_is_not_unmapped_before_its_address_is_known()
    {
        using var buffer = Buffer();
        using var page = new WatchedPage();
        var map = Start(page, RawUio.MapCommand, Map(buffer));

        Assert.That(Attachments, Is.EqualTo(1), "it is mapped already");
        Assert.That(RawUio.Unmap(Uio, buffer), Is.EqualTo(-LibC.ENOENT));

        page.LetGo();
        Assert.That(ResultOf(map), Is.Zero);
        Assert.That(RawUio.Unmap(Uio, buffer), Is.Zero);
    }

    [Test]
    public void An_unmap_that_sleeps_has_the_mapping_for_itself()
    {
        using var buffer = Buffer();
        using var page = new WatchedPage();
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);
        var unmap = Start(page, RawUio.UnmapCommand, Map(buffer));

        Assert.That(Attachments, Is.EqualTo(1), "what can fail comes first");
        Assert.That(RawUio.Unmap(Uio, buffer), Is.EqualTo(-LibC.ENOENT));
        Assert.That(RawUio.Map(Uio, buffer), Is.EqualTo(-LibC.EBUSY));

        page.LetGo();
        Assert.That(ResultOf(unmap), Is.Zero);
        Assert.That(Attachments, Is.Zero);
    }

    [Test]
    public void Unbinding_ends_one_of_the_boards_ioctl_too()
    {
        using var buffer = Buffer();
        using var page = new WatchedPage();
        var map = Start(page, RawUio.MapCommand, Map(buffer));

        Unbind();
        Assert.That(Attachments, Is.Zero);

        page.LetGo();
        Assert.That(ResultOf(map), Is.Zero);
        Assert.That(RawUio.Unmap(Uio, buffer), Is.EqualTo(-LibC.ENODEV));
    }

    private static unsafe RawAttach Attach(SafeFileHandle buffer) =>
        new() { Size = (uint)sizeof(RawAttach), Fd = RawFile.Number(buffer), Direction = RawArguments.ToDevice };

    private static RawArguments Map(SafeFileHandle buffer) =>
        new() { Fd = RawFile.Number(buffer), Direction = RawArguments.ToDevice };

    /// <summary>Calls on another thread, and returns when that sleeps over its answer.</summary>
    private unsafe Task<int> Start<T>(WatchedPage page, uint command, T arguments) where T : unmanaged
    {
        page.Fill(arguments);
        var call = Task.Factory.StartNew(
            () => RawUio.Ioctl(Uio, command, page.Address), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        page.WaitForWriter();
        return call;
    }

    private static int ResultOf(Task<int> call) => call.Wait(s_patience) ? call.Result : throw new TimeoutException("the ioctl sleeps on");

    private static void Unbind() => Assert.That(
        Task.Factory.StartNew(UnderTest.Unbind, CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Wait(s_patience),
        Is.True, "unbinding ends");
}
