// SPDX-License-Identifier: MIT
/*
 * Drives an AXI DMA whose stream comes back to it, as PG021's "Programming
 * Sequence" says, by nothing but UIO and the boards' ioctls. Written from the
 * guide and not from the driver in C#, so that the two can disagree.
 *
 * DMA_NODE names the node of UIO; DMA_PEER that of S2MM, when each channel has
 * one. DMA_WIDE=1: addresses have 64 bits. DMA_QEMU=1: it is QEMU's, which
 * counts no bytes, has no errors, resets one channel at a time and begins a
 * descriptor with each that was sent.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/dma-heap.h>
#include <linux/uio/uio.h>

#include "../../../native/tests/tap.h"

#define PATIENCE 5000 /* ms */
#define KIB 1024
#define PACKET (6 * KIB + 4)
#define SEND 0
#define RECEIVE (64 * KIB)
#define CHAIN (128 * KIB)
#define ALL (192 * KIB)

enum { DMACR = 0x00, DMASR = 0x04, CURDESC = 0x08, TAILDESC = 0x10, ADDRESS = 0x18, LENGTH = 0x28, S2MM = 0x30 };

static int node, peer;
static volatile uint32_t *registers;
static uint8_t *memory;
static uint32_t bus;
static bool is_qemu, is_wide;

static uint32_t get(unsigned int offset)
{
	return registers[offset / 4];
}

static void set(unsigned int offset, uint32_t value)
{
	registers[offset / 4] = value;
}

/* CURDESC or TAILDESC. With wide addresses there is an upper half, and TAILDESC's starts. */
static void point(unsigned int offset, uint32_t address)
{
	set(offset, address);
	if (is_wide)
		set(offset + 4, 0);
}

static int open_node(const char *wanted)
{
	char path[64], name[64];
	int i, file;

	for (i = 0; i < 32; i++) {
		snprintf(path, sizeof(path), "/sys/class/uio/uio%d/name", i);
		file = open(path, O_RDONLY);
		if (file < 0)
			continue;
		memset(name, 0, sizeof(name));
		if (read(file, name, sizeof(name) - 1) < 0)
			bail_out(path);
		close(file);
		name[strcspn(name, "\n")] = 0;
		if (strcmp(name, wanted))
			continue;
		snprintf(path, sizeof(path), "/dev/uio%d", i);
		file = open(path, O_RDWR);
		if (file < 0)
			bail_out(path);
		return file;
	}
	bail_out(wanted);
	return -1;
}

static void prepare(void)
{
	struct dma_heap_allocation_data heap = { .len = ALL, .fd_flags = O_RDWR | O_CLOEXEC };
	struct uio_dmabuf_args map = { .dir = UIO_DMABUF_DIR_BIDIR };
	int heaps = open("/dev/dma_heap/reserved", O_RDWR);

	if (heaps < 0)
		heaps = open("/dev/dma_heap/default_cma_region", O_RDWR);
	if (heaps < 0 || ioctl(heaps, DMA_HEAP_IOCTL_ALLOC, &heap))
		bail_out("a contiguous buffer");
	map.dbuf_fd = (int)heap.fd;
	if (ioctl(node, UIO_IOC_MAP_DMABUF, &map))
		bail_out("UIO_IOC_MAP_DMABUF");
	bus = (uint32_t)map.dma_addr;
	registers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
	memory = mmap(NULL, ALL, PROT_READ | PROT_WRITE, MAP_SHARED, (int)heap.fd, 0);
	if (registers == MAP_FAILED || memory == MAP_FAILED)
		bail_out("mmap");
}

static void enable_interrupt(int file)
{
	uint32_t one = 1;

	if (write(file, &one, sizeof(one)) != sizeof(one))
		bail_out("interrupt");
}

static bool wait_for_interrupt(int file)
{
	struct pollfd wait = { .fd = file, .events = POLLIN };
	uint32_t count;

	return poll(&wait, 1, PATIENCE) == 1 && read(file, &count, sizeof(count)) == sizeof(count);
}

/* Reads until the bits are there; an interrupt says that it may be worth it. */
static bool becomes(unsigned int offset, uint32_t bits, uint32_t wanted)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if ((get(offset) & bits) == wanted)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 < PATIENCE);
	return false;
}

static void fill(unsigned int seed)
{
	int i;

	for (i = 0; i < PACKET; i++)
		memory[SEND + i] = (uint8_t)(i * 7 + (i >> 8) + seed);
	memset(memory + RECEIVE, 0xee, PACKET + 64);
}

static void arrived(unsigned int offset, unsigned int length, const char *what)
{
	ok(!memcmp(memory + SEND + offset, memory + RECEIVE + offset, length), "%s: what was sent has arrived", what);
}

/* DMACR, Reset: of the whole core, and the bit says how long it takes. */
static void reset(void)
{
	set(DMACR, 1 << 2);
	if (is_qemu)
		set(S2MM + DMACR, 1 << 2);
	ok(becomes(DMACR, 1 << 2, 0), "a reset ends");
	ok(get(DMASR) & 1 && get(S2MM + DMASR) & 1, "both channels are halted then");
	same(get(DMACR) & 1, 0, "MM2S does not run");
	same(get(S2MM + DMACR) & 1, 0, "S2MM does not run");
}

static void run(unsigned int bits)
{
	enable_interrupt(node);
	if (peer != node)
		enable_interrupt(peer);
	set(S2MM + DMACR, 0x10001 | bits);
	set(DMACR, 0x10001 | bits);
	ok(becomes(DMASR, 1, 0) && becomes(S2MM + DMASR, 1, 0), "both channels run");
}

/* One interrupt, for whichever channel; of the other one the bit is enough. */
static void both_are_done(void)
{
	ok(wait_for_interrupt(peer), "S2MM, or either, interrupts");
	ok(becomes(S2MM + DMASR, 1 << 12, 1 << 12), "S2MM says IOC_Irq");
	ok(becomes(DMASR, 1 << 12, 1 << 12), "MM2S says IOC_Irq");
	/* Before that: QEMU's forgets that it is idle when it is written to. */
	ok(becomes(S2MM + DMASR, 2, 2), "S2MM is idle");
	ok(becomes(DMASR, 2, 2), "MM2S is idle");
	set(S2MM + DMASR, 1 << 12);
	set(DMASR, 1 << 12);
	same(get(S2MM + DMASR) & 0x7770, 0, "S2MM is acknowledged, and has no error");
	same(get(DMASR) & 0x7770, 0, "MM2S is acknowledged, and has no error");
}

static void direct_packet(uint32_t room)
{
	set(S2MM + ADDRESS, bus + RECEIVE);
	set(S2MM + LENGTH, room);
	set(DMACR + ADDRESS, bus + SEND);
	set(LENGTH, PACKET);
}

static void test_direct(void)
{
	reset();
	fill(1);
	set(S2MM + LENGTH, PACKET);
	set(LENGTH, PACKET);
	ok(get(DMASR) & 1 && !(get(DMASR) & 2), "LENGTH means nothing to a channel that is halted");
	run(1 << 12 | 1 << 14);
	same(get(DMASR) & 2, 0, "no channel is idle before its first transfer");
	set(LENGTH, 0);
	same(get(DMASR) & 2, 0, "a LENGTH of 0 starts nothing");

	direct_packet(PACKET + 60);
	both_are_done();
	arrived(0, PACKET, "direct");
	same(memory[RECEIVE + PACKET], 0xee, "and nothing behind it");
	same(get(S2MM + LENGTH), PACKET, "S2MM_LENGTH has the bytes that came");

	fill(2);
	enable_interrupt(node);
	direct_packet(PACKET);
	both_are_done();
	arrived(0, PACKET, "direct, once more");

	fill(3);
	enable_interrupt(node);
	direct_packet(PACKET - 4 * KIB);
	ok(wait_for_interrupt(node), "a packet that is longer than LENGTH interrupts");
	ok(becomes(S2MM + DMASR, 1 << 14 | 1 << 4 | 1, 1 << 14 | 1 << 4 | 1), "it is DMAIntErr, and halts S2MM");
	same(get(S2MM + DMACR) & 1, 0, "RS is 0 then");
	same(memory[RECEIVE + PACKET - 4 * KIB], 0xee, "nothing is written beyond LENGTH");
	reset();
}

/* "Scatter Gather Descriptor" */
static volatile uint32_t *descriptor(unsigned int number)
{
	return (volatile uint32_t *)(memory + CHAIN + number * 64);
}

static uint32_t at(unsigned int number)
{
	return bus + CHAIN + number * 64;
}

static void describe(unsigned int number, unsigned int next, uint32_t address, uint32_t control)
{
	volatile uint32_t *words = descriptor(number);
	int i;

	for (i = 0; i < 16; i++)
		words[i] = 0;
	words[0] = at(next);
	words[2] = address;
	words[6] = control;
}

#define SOF (1u << 27)
#define EOF_ (1u << 26)
#define CMPLT (1u << 31)
#define BYTES 0x3ffffff

/* Four to send two packets, five to receive them; a ring each. */
static void two_packets(unsigned int seed)
{
	fill(seed);
	describe(0, 1, bus + SEND, KIB | SOF);
	describe(1, 2, bus + SEND + KIB, KIB);
	describe(2, 3, bus + SEND + 2 * KIB, 512 | EOF_);
	describe(3, 0, bus + SEND + 4 * KIB, 4 | SOF | EOF_);
	describe(8, 9, bus + RECEIVE, 2 * KIB);
	describe(9, 10, bus + RECEIVE + 2 * KIB, 2 * KIB);
	describe(10, 8, bus + RECEIVE + 4 * KIB, 2 * KIB);
}

static void status_is(unsigned int number, uint32_t flags, uint32_t bytes, const char *name)
{
	uint32_t status = descriptor(number)[7];

	same(status & ~BYTES, flags, name);
	if (!is_qemu)
		same(status & BYTES, bytes, "with the bytes that were moved");
}

static bool completes(unsigned int number)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (descriptor(number)[7] & CMPLT)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 < PATIENCE);
	return false;
}

/* A descriptor for each packet: about this all agree. */
static void test_one_to_one(void)
{
	reset();
	fill(4);
	describe(0, 1, bus + SEND, 2 * KIB | SOF | EOF_);
	describe(1, 0, bus + SEND + 4 * KIB, 4 | SOF | EOF_);
	describe(8, 9, bus + RECEIVE, 4 * KIB);
	describe(9, 8, bus + RECEIVE + 4 * KIB, 2 * KIB);
	point(S2MM + CURDESC, at(8));
	point(CURDESC, at(0));
	run(1 << 12 | 1 << 14);
	point(S2MM + TAILDESC, at(9));
	point(TAILDESC, at(1));
	ok(completes(9), "the last descriptor completes");
	both_are_done();
	arrived(0, 2 * KIB, "first packet");
	arrived(4 * KIB, 4, "second packet");
	same(memory[RECEIVE + 4 * KIB + 4], 0xee, "nothing behind it");
	status_is(8, CMPLT | SOF | EOF_, 2 * KIB, "first is a packet");
	status_is(9, CMPLT | SOF | EOF_, 4, "second is a packet");
	same(descriptor(0)[7] & CMPLT, CMPLT, "what was sent is complete, first");
	same(descriptor(1)[7] & CMPLT, CMPLT, "and last");
	reset();
}

/* Packets in parts. */
static void test_scatter_gather(void)
{
	two_packets(4);
	/* CURDESC while halted, then RS, then TAILDESC. */
	point(S2MM + CURDESC, at(8));
	point(CURDESC, at(0));
	same(get(CURDESC), at(0), "CURDESC can be written to a channel that is halted");
	run(1 << 12 | 1 << 14);
	point(S2MM + TAILDESC, at(10));
	point(TAILDESC, at(3));
	ok(completes(10), "the last descriptor completes");
	both_are_done();
	arrived(0, 2 * KIB + 512, "scatter-gather, first packet");
	arrived(4 * KIB, 4, "second packet");
	same(memory[RECEIVE + 4 * KIB + 4], 0xee, "nothing behind it");
	status_is(8, CMPLT | SOF, 2 * KIB, "begins a packet");
	status_is(9, CMPLT | EOF_, 512, "ends it");
	status_is(10, CMPLT | SOF | EOF_, 4, "is a packet");
	same(descriptor(0)[7] & CMPLT, CMPLT, "what was sent is complete, first");
	same(descriptor(3)[7] & CMPLT, CMPLT, "and last");

	/* From where it paused: the tail goes on, around the ring. */
	two_packets(5);
	enable_interrupt(peer);
	point(S2MM + TAILDESC, at(10));
	point(TAILDESC, at(3));
	ok(completes(10), "the last descriptor completes again");
	arrived(0, 2 * KIB + 512, "around the ring, first packet");
	arrived(4 * KIB, 4, "second packet");
	reset();
}

/* Errors that QEMU's own model does not have. */
static void test_scatter_gather_errors(void)
{
	two_packets(6);
	descriptor(0)[7] = CMPLT;
	point(CURDESC, at(0));
	run(1 << 14);
	point(TAILDESC, at(3));
	ok(wait_for_interrupt(node), "a descriptor that is complete already interrupts");
	ok(becomes(DMASR, 1 << 14 | 1 << 8 | 1, 1 << 14 | 1 << 8 | 1), "it is SGIntErr, and halts MM2S");
	reset();

	two_packets(7);
	descriptor(0)[6] = SOF | EOF_;
	point(CURDESC, at(0));
	run(1 << 14);
	point(TAILDESC, at(0));
	ok(wait_for_interrupt(node), "a descriptor without a length interrupts");
	ok(becomes(DMASR, 1 << 14 | 1 << 4 | 1, 1 << 14 | 1 << 4 | 1), "it is DMAIntErr, and halts MM2S");
	reset();

	two_packets(8);
	descriptor(0)[2] = 0x70000000;
	point(CURDESC, at(0));
	run(1 << 14);
	point(TAILDESC, at(0));
	ok(wait_for_interrupt(node), "an address where nobody is interrupts");
	ok(becomes(DMASR, 1 << 14 | 1 << 6 | 1, 1 << 14 | 1 << 6 | 1), "it is DMADecErr, and halts MM2S");
	same(descriptor(0)[7] & 1 << 30, 1 << 30, "the descriptor says so, too");
	set(DMACR, 1);
	ok(get(DMASR) & 1, "only a reset makes it run again");
	reset();

	point(CURDESC, 0x70000000);
	run(1 << 14);
	point(TAILDESC, 0x70000000);
	ok(wait_for_interrupt(node), "a descriptor where nobody is interrupts");
	ok(becomes(DMASR, 1 << 14 | 1 << 10 | 1, 1 << 14 | 1 << 10 | 1), "it is SGDecErr, and halts MM2S");
	reset();

	/* Cyclic: the ring goes on over descriptors that are complete, and its tail is nowhere. */
	two_packets(9);
	point(CURDESC, at(0));
	point(S2MM + CURDESC, at(8));
	run(1 << 4 | 1 << 14);
	point(S2MM + TAILDESC, at(20));
	point(TAILDESC, at(20));
	ok(completes(10), "a cyclic ring comes to its end");
	descriptor(10)[7] = 0;
	ok(completes(10), "and once more");
	same(get(DMASR) & 2, 0, "it is never idle");
	reset();
}

int main(void)
{
	const char *receiver = getenv("DMA_PEER");

	node = open_node(getenv("DMA_NODE"));
	peer = receiver ? open_node(receiver) : node;
	is_qemu = getenv("DMA_QEMU");
	is_wide = getenv("DMA_WIDE");
	prepare();
	if (is_qemu) {
		test_one_to_one();
	} else if (get(DMASR) & 1 << 3) {
		test_one_to_one();
		test_scatter_gather();
		test_scatter_gather_errors();
	} else {
		test_direct();
	}
	return done();
}
