using System.Runtime.CompilerServices;

namespace UioInterop.RegisterProbe;

/// <summary>
/// What an optimiser likes to do to memory accesses, tried on registers. The guest runs the cases, the host compares.
/// </summary>
public static unsafe class ProbeCases
{
    // edu: its status, and holes beyond its last register, which read as all ones and ignore what is written.
    private static readonly Register<uint> s_status = new(0x20, "status");
    private static readonly Register<uint> s_hole = new(0x100, "hole"), s_next = new(0x104, "next hole");
    private static readonly Register<ulong> s_wide = new(0x100, "64-bit hole"), s_wideNext = new(0x108, "next 64-bit hole");

    // SD host controller: registers that keep what is written and do nothing by themselves.
    private static readonly Register<byte> s_byte0 = new(0x08, "argument, byte 0"), s_byte1 = new(0x09, "argument, byte 1");
    private static readonly Register<byte> s_byte2 = new(0x0a, "argument, byte 2"), s_byte3 = new(0x0b, "argument, byte 3");
    private static readonly Register<ushort> s_half0 = new(0x08, "argument, low half"), s_half1 = new(0x0a, "argument, high half");
    private static readonly Register<uint> s_argument = new(0x08, "argument");

    // The same registers as other types.
    private static readonly Register<int> s_signed = new(0x20);
    private static readonly Register<Bits> s_bits = new(0x20);
    private static readonly Register<long> s_signedWide = new(0x100);
    private static readonly Register<short> s_signedHalf = new(0x08);
    private static readonly Register<ByteBits> s_byteBits = new(0x09);
    private static readonly RegisterArray<uint> s_holes = new(0x100, count: 8);

    [Flags]
    private enum Bits : uint { None = 0, Interrupt = 0x20 }

    [Flags]
    private enum ByteBits : byte { None = 0, Low = 1 }

    // A result that goes nowhere would make an access one that is discarded.
    private static ulong s_result;

    /// <summary>In the order in which they run: a case's number is its index.</summary>
    public static IReadOnlyList<ProbeCase> All { get; } =
    [
        // A test of some bits can be made with a narrower load.
        OnEdu("a bit of the low byte", r => Use((r.Read(s_status) & 0x20) != 0), Read(s_status)),
        OnEdu("a bit of the high byte", r => Use((r.Read(s_status) & 0x8000_0000) != 0), Read(s_status)),
        OnEdu("a bit of the second byte, as a branch", r =>
        {
            if ((r.Read(s_status) & 0x200) == 0)
                s_result++;
        }, Read(s_status)),
        OnEdu("the sign", r => Use((int)r.Read(s_status) < 0), Read(s_status)),
        OnEdu("a bit of a 64-bit register", r => Use((r.Read(s_wide) & 0x20) != 0), Read(s_wide)),
        OnEdu("a bit of the high half of a 64-bit register", r => Use((r.Read(s_wide) & (1ul << 40)) != 0), Read(s_wide)),
        OnSdHost("a bit of a 16-bit register", r => Use((r.Read(s_half0) & 0x20) != 0), Read(s_half0)),
        OnSdHost("a bit of an 8-bit register", r => Use((r.Read(s_byte1) & 0x20) != 0), Read(s_byte1)),

        // So can a cast or a shift.
        OnEdu("cast to a byte", r => Use((byte)r.Read(s_status)), Read(s_status)),
        OnEdu("cast to a signed byte", r => Use((ulong)(sbyte)r.Read(s_status)), Read(s_status)),
        OnEdu("cast to 16 bits", r => Use((ushort)r.Read(s_status)), Read(s_status)),
        OnEdu("cast from 64 to 32 bits", r => Use((uint)r.Read(s_wide)), Read(s_wide)),
        OnEdu("cast from 64 bits to a byte", r => Use((byte)r.Read(s_wide)), Read(s_wide)),
        OnSdHost("cast from 16 bits to a byte", r => Use((byte)r.Read(s_half0)), Read(s_half0)),
        OnSdHost("cast from a byte to 64 bits", r => Use(r.Read(s_byte2)), Read(s_byte2)),
        OnEdu("the top byte, by a shift", r => Use(r.Read(s_status) >> 24), Read(s_status)),
        OnEdu("the high half, by a shift", r => Use(r.Read(s_wide) >> 32), Read(s_wide)),

        // A value that nobody looks at need not be loaded.
        OnSdHost("discarded, 8 bits", r => r.Read(s_byte0), Read(s_byte0)),
        OnSdHost("discarded, 16 bits", r => r.Read(s_half0), Read(s_half0)),
        OnEdu("discarded, 32 bits", r => _ = r.Read(s_status), Read(s_status)),
        OnEdu("discarded, 64 bits", r => _ = r.Read(s_wide), Read(s_wide)),
        OnEdu("discarded, by offset", r => r.Read32(s_status.Offset), Read(s_status)),
        OnEdu("multiplied by zero", r => Use(r.Read(s_status) * 0), Read(s_status)),

        // A value that was loaded before need not be loaded again.
        OnEdu("read twice", r =>
        {
            r.Read(s_status);
            r.Read(s_status);
        }, Read(s_status), Read(s_status)),
        OnEdu("compared with itself", r => Use(r.Read(s_status) == r.Read(s_status)), Read(s_status), Read(s_status)),
        OnEdu("a sum of five reads in a loop", r =>
        {
            uint sum = 0;
            for (int i = 0; i < 5; i++)
                sum += r.Read(s_status);
            Use(sum);
        }, [.. Enumerable.Repeat(Read(s_status), 5)]),
        OnEdu("polled four times", r =>
        {
            int polls = 1;
            while ((r.Read(s_status) & 0x8000_0000) == 0 && polls < 4)
                polls++;
            Use((uint)polls);
        }, [.. Enumerable.Repeat(Read(s_status), 4)]),
        OnSdHost("an 8-bit register, three times", r => Use((uint)(r.Read(s_byte0) + r.Read(s_byte0) + r.Read(s_byte0))),
            Read(s_byte0), Read(s_byte0), Read(s_byte0)),
        OnSdHost("read as 32 bits, then as 16 and 8", r => Use(r.Read(s_argument) + r.Read(s_half0) + r.Read(s_byte0)),
            Read(s_argument), Read(s_half0), Read(s_byte0)),

        // Neighbours can be loaded at once.
        OnEdu("two 32-bit neighbours as one 64-bit value", r => Use(r.Read(s_hole) | ((ulong)r.Read(s_next) << 32)), Read(s_hole),
            Read(s_next)),
        OnEdu("two 64-bit neighbours", r => Use(r.Read(s_wide) ^ r.Read(s_wideNext)), Read(s_wide), Read(s_wideNext)),
        OnSdHost("four 8-bit neighbours as one 32-bit value", r => Use(r.Read(s_byte0) | ((uint)r.Read(s_byte1) << 8)
            | ((uint)r.Read(s_byte2) << 16) | ((uint)r.Read(s_byte3) << 24)),
            Read(s_byte0), Read(s_byte1), Read(s_byte2), Read(s_byte3)),

        // Neighbours can be stored at once.
        OnEdu("two 32-bit writes side by side", r =>
        {
            r.Write(s_hole, 1);
            r.Write(s_next, 2);
        }, Write(s_hole), Write(s_next)),
        OnEdu("two relaxed 32-bit writes side by side", r =>
        {
            r.WriteRelaxed(s_hole, 0);
            r.WriteRelaxed(s_next, 0);
        }, Write(s_hole), Write(s_next)),
        OnEdu("two relaxed 64-bit writes side by side", r =>
        {
            r.WriteRelaxed(s_wide, 0);
            r.WriteRelaxed(s_wideNext, 0);
        }, Write(s_wide), Write(s_wideNext)),
        OnSdHost("two relaxed 16-bit writes side by side", r =>
        {
            r.WriteRelaxed(s_half0, 0x1111);
            r.WriteRelaxed(s_half1, 0x2222);
        }, Write(s_half0), Write(s_half1)),
        OnSdHost("four relaxed 8-bit writes side by side", r =>
        {
            r.WriteRelaxed(s_byte0, 1);
            r.WriteRelaxed(s_byte1, 2);
            r.WriteRelaxed(s_byte2, 3);
            r.WriteRelaxed(s_byte3, 4);
        }, Write(s_byte0), Write(s_byte1), Write(s_byte2), Write(s_byte3)),
        OnEdu("a loop over eight 32-bit registers", r =>
        {
            for (int i = 0; i < 8; i++)
                r.WriteRelaxed(new Register<uint>(s_hole.Offset + 4 * i), 0);
        }, [.. Enumerable.Range(0, 8).Select(i => new Access(true, s_hole.Offset + 4 * i, 4))]),

        // A store that the next one covers is for nothing, and its value is known to a load behind it.
        OnEdu("written twice", r =>
        {
            r.WriteRelaxed(s_hole, 1);
            r.WriteRelaxed(s_hole, 2);
        }, Write(s_hole), Write(s_hole)),
        OnEdu("the same value written twice", r =>
        {
            r.Write(s_hole, 1);
            r.Write(s_hole, 1);
        }, Write(s_hole), Write(s_hole)),
        OnEdu("written, then read", r =>
        {
            r.WriteRelaxed(s_hole, 1);
            Use(r.Read(s_hole));
        }, Write(s_hole), Read(s_hole)),
        OnEdu("written two ways", r =>
        {
            r.Write(s_hole, 1);
            r.WriteRelaxed(s_hole, 1);
        }, Write(s_hole), Write(s_hole)),

        // One instruction can do all of this on x86, and no byte has to change but one.
        OnEdu("a bit set", r => r.Write(s_hole, r.Read(s_hole) | 0x20), Read(s_hole), Write(s_hole)),
        OnEdu("a bit cleared, 64 bits", r => r.Write(s_wide, r.Read(s_wide) & ~0x20ul), Read(s_wide), Write(s_wide)),
        OnSdHost("a bit set, 8 bits", r => r.Write(s_byte0, (byte)(r.Read(s_byte0) | 0x20)), Read(s_byte0), Write(s_byte0)),
        OnSdHost("a bit set, 16 bits", r => r.Write(s_half0, (ushort)(r.Read(s_half0) | 0x20)), Read(s_half0), Write(s_half0)),
        OnEdu("counted up", r => r.WriteRelaxed(s_hole, r.Read(s_hole) + 1), Read(s_hole), Write(s_hole)),
        OnEdu("written back as it was", r => r.Write(s_hole, r.Read(s_hole)), Read(s_hole), Write(s_hole)),
        OnEdu("exchanged", r =>
        {
            uint first = r.Read(s_hole), second = r.Read(s_next);
            r.Write(s_hole, second);
            r.Write(s_next, first);
        }, Read(s_hole), Read(s_next), Write(s_hole), Write(s_next)),

        // Of a generic method, too, one width is left.
        OnEdu("a signed register, its sign", r => Use(r.Read(s_signed) < 0), Read(s_status)),
        OnEdu("a bit of an enumeration", r => Use((r.Read(s_bits) & Bits.Interrupt) != 0), Read(s_status)),
        OnEdu("a bit of a signed 64-bit register", r => Use((r.Read(s_signedWide) & 0x20) != 0), Read(s_wide)),
        OnSdHost("a signed 16-bit register, its sign", r => Use(r.Read(s_signedHalf) < 0), Read(s_half0)),
        OnSdHost("an enumeration of 8 bits, written", r => r.Write(s_byteBits, ByteBits.Low), Write(s_byte1)),
        OnEdu("an indexer, read and written", r => r[s_hole.Offset] |= 1, Read(s_hole), Write(s_hole)),
        OnEdu("a bit set by Modify", r => Use(r.Modify(s_hole, 1, 1)), Read(s_hole), Write(s_hole)),
        OnSdHost("a bit cleared, 8 bits", r => Use(r.ClearBits(s_byte1, 0x20)), Read(s_byte1), Write(s_byte1)),
        OnEdu("an element of an array, in a slice", r => Use(r.Slice(0x8).Read(s_holes[1])), new Access(false, 0x10c, 4)),

        // Waiting reads once when the value is there, and once when there is no time.
        OnEdu("WaitFor, the value is there", r => Use(r.WaitFor(s_hole, 1, 1, TimeSpan.FromSeconds(1))), Read(s_hole)),
        OnEdu("WaitFor, no time", r => Use(r.WaitFor(s_wide, 1, 0, TimeSpan.Zero)), Read(s_wide)),
        OnSdHost("WaitFor, 16 bits", r => Use(r.WaitFor(s_half0, 0, 0, TimeSpan.Zero)), Read(s_half0)),
        OnSdHost("WaitFor, 8 bits", r => Use(r.WaitFor(s_byte3, 0, 0, TimeSpan.Zero)), Read(s_byte3)),

        // What becomes of such code without the library, on both architectures. It shows that the optimiser is at
        // work and that the trace sees it.
        OnBareSdHost("control: a volatile read through a pointer, cast to a byte, is narrowed",
            memory => Use((byte)Volatile.Read(ref *(uint*)(memory + s_argument.Offset))), Read(s_byte0)),
        OnBareSdHost("control: two reads through a pointer become one", memory =>
        {
            uint* argument = (uint*)(memory + s_argument.Offset);
            Use(*argument + *argument);
        }, Read(s_argument)),
    ];

    private static ProbeCase OnEdu(string name, Action<Registers> run, params Access[] expected) =>
        new(name, Region.Edu, devices => run(devices.Edu), expected);

    private static ProbeCase OnSdHost(string name, Action<Registers> run, params Access[] expected) =>
        new(name, Region.SdHost, devices => run(devices.SdHost), expected);

    private static ProbeCase OnBareSdHost(string name, Action<nint> run, params Access[] expected) =>
        new(name, Region.SdHost, devices => run(devices.SdHostMemory), expected);

    private static Access Read<T>(Register<T> register) where T : unmanaged => new(false, register.Offset, Unsafe.SizeOf<T>());

    private static Access Write<T>(Register<T> register) where T : unmanaged => new(true, register.Offset, Unsafe.SizeOf<T>());

    private static void Use(ulong value) => s_result += value;

    private static void Use(bool value) => s_result += value ? 1u : 0u;
}
