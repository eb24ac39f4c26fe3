using System.Runtime.InteropServices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>The example core and its driver.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
internal sealed class AdderTests
{
    private static readonly TimeSpan s_timeout = Bound.Long;

    [Test]
    public Task The_words_of_a_buffer_are_added_up() => AddAsync();

    public static async Task AddAsync()
    {
        using var session = DeviceSession.Open(UioDeviceId.FromName("sum"));
        var adder = new Adder(session);
        using var buffer = DmaHeap.Cma.Allocate(8192);
        for (var seed = 1; seed < 4; seed++)
        {
            var bytes = Buffers.Pattern(8192, seed);
            Buffers.Fill(buffer, bytes);
            using var mapping = session.Device.Import(buffer, DmaDirection.ToDevice);

            var sum = await adder.AddAsync(mapping, s_timeout);

            Assert.That(sum, Is.EqualTo(MemoryMarshal.Cast<byte, uint>(bytes).ToArray().Aggregate(0u,
                (total, word) => unchecked(total + word))));
        }
    }
}
