using Tmds.Linux;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>The first of the two series alone: the import behind an IOMMU that translates.</summary>
[Category(Needs.FirstSeries)]
internal sealed unsafe class FirstSeriesTests : AbiTest
{
    /// <summary>UIO_FEATURE_DMABUF and UIO_FEATURE_ADDRESSES.</summary>
    private const ulong Features = RawHandles.ImportFeature | 1 << 1;

    [TestCase("dmabuf")]
    [TestCase("edu")]
    public void Its_own_tests_pass(string program)
    {
        Uio.Dispose();
        Selftests.Run(Needs.X64, program, UnderTest.DevicePath).AssertAllPassed();
    }

    [Test]
    public void The_library_transfers_through_imported_buffers()
    {
        Uio.Dispose();
        var pattern = Buffers.Pattern(EduDevice.MaxTransfer, seed: 7);
        using var edu = EduDevice.Open();
        using var source = DmaHeap.System.Allocate(4096);
        using var destination = DmaHeap.System.Allocate(4096);
        Buffers.Fill(source, pattern);
        using var outgoing = edu.Device.Import(source, DmaDirection.ToDevice);
        using var incoming = edu.Device.Import(destination, DmaDirection.FromDevice);

        edu.CopyToDevice(outgoing, 0, pattern.Length, Bound.Long);
        edu.CopyFromDevice(incoming, 0, pattern.Length, Bound.Long);

        Assert.That(Buffers.Read(destination, pattern.Length), Is.EqualTo(pattern));
    }

    [Test]
    public void Of_the_second_series_there_is_nothing()
    {
        Assert.That(RawHandles.Query(Uio, out var query), Is.Zero);
        Assert.That((query.Features, query.Translation), Is.EqualTo((Features, RawHandles.Strict)));
        Assert.That((query.MaxQuiesceOps, query.MaxQuiesceMicroseconds), Is.EqualTo((0u, 0u)));

        foreach (var command in new[] { RawHandles.WriteAddressCommand, RawHandles.SetQuiesceCommand, RawHandles.ClaimCommand })
            Assert.That(RawUio.Ioctl(Uio, command, &query), Is.EqualTo(-LibC.ENOTTY), $"{command:x}");
    }

    [TestCase(RawQuery.FirstSeriesSize, 0)]
    [TestCase(RawQuery.FirstSeriesSize - 1, -LibCErrno.EINVAL)]
    public void A_program_of_the_first_series_has_a_shorter_query(uint size, int expected)
    {
        var query = new RawQuery { Size = size };

        Assert.That(RawUio.Ioctl(Uio, RawHandles.QueryCommand, &query), Is.EqualTo(expected));
    }

    [Test]
    public void A_device_whose_addresses_are_not_translated_is_refused()
    {
        Uio.Dispose();
        using (new GroupType("identity"))
        {
            using var uio = RawUio.Open(UnderTest.DevicePath);
            using var buffer = Buffer();

            Assert.That(RawHandles.Attach(uio, buffer), Is.EqualTo(-LibC.EOPNOTSUPP));
            Assert.That(RawHandles.Query(uio, out var query), Is.Zero);
            Assert.That((query.Features & RawHandles.ImportFeature, query.Translation), Is.EqualTo((0ul, (uint)DmaTranslation.Identity)));
            Assert.That(IsTainted, Is.False);
        }

        using var again = RawUio.Open(UnderTest.DevicePath);
        using var other = Buffer();
        RawHandles.Attached(again, other);
    }
}
