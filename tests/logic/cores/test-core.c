// SPDX-License-Identifier: MIT
/*
 * A core that a test tells how to behave. It writes a buffer full of one byte,
 * as a receiver would, or reads one; first page: what a driver sees.
 *
 *   0x00 ID       R    0x54455354
 *   0x04 CONTROL  W    bit 0 starts, bit 1 stops, bit 2 lets it interrupt
 *   0x08 STATUS   R/W  bit 0 done, bit 1 error; ones clear. Bit 2 busy, 15:8
 *                      which error
 *   0x10 ADDRESS  R/W  low word; 0x14 the high one
 *   0x18 LENGTH   R/W  in bytes, 24 bits
 *   0x1c FILL     R/W  7:0 the byte to write; bit 8: read instead
 *   0x20 SUM      R    of the bytes that it read
 *
 * Second page: what the test sets. A reset forgets it, a stop does not.
 *
 *   0x1000 DURATION     how long a transfer takes, in microseconds
 *   0x1004 INTERRUPT    0 when it is done, 1 twice (once more 1 ms after it was
 *                       acknowledged), 2 never, 3 before the data
 *   0x1008 ERROR        what it reports at the end; 0 for none
 *   0x100c STOP         how long a stop takes, in microseconds; all ones: it
 *                       ignores one
 *   0x1010 LATE         writes all once more so many microseconds after done
 *   0x1014 BEYOND       writes so many bytes behind the end of the buffer
 *   0x1018 WRITTEN  R   how many bytes it has written, ever
 *   0x101c STOPS    R   how often it was told to stop
 *
 * Third page: refuses each access (SLVERR), as a protection unit would.
 */
#include <string.h>

#include "logic.h"

enum { ID = 0x00, CONTROL = 0x04, STATUS = 0x08, ADDRESS = 0x10,
       ADDRESS_HIGH = 0x14, LENGTH = 0x18, FILL = 0x1c, SUM = 0x20,
       DURATION = 0x1000, INTERRUPT = 0x1004, REPORT = 0x1008, STOP = 0x100c,
       LATE = 0x1010, BEYOND = 0x1014, WRITTEN = 0x1018, STOPS = 0x101c,
       REFUSED = 0x2000 };
enum { START = 1, HALT = 2, ENABLE = 4 };
enum { DONE = 1, ERROR = 2, BUSY = 4 };
enum { READS = 0x100 };
enum { AT_DONE, TWICE, NEVER, BEFORE };
enum { NEXT_PART, STOPPED, AGAIN, LATE_WRITE };

/* A transfer goes in parts, so that there is a middle to be stopped in. */
#define PARTS 1024
#define LONGEST 0xffffff
#define IGNORED UINT32_MAX
#define MICROSECOND 1000ull

struct test {
	uint32_t registers[0x24 / 4];
	uint32_t choices[0x20 / 4];
	uint64_t start;
	uint32_t length, part, parts;
	bool enabled, asserted, again;
};

static uint32_t *choice(struct test *test, uint32_t offset)
{
	return &test->choices[(offset - DURATION) / 4];
}

static uint32_t *visible(struct test *test, uint32_t offset)
{
	return &test->registers[offset / 4];
}

static void update(struct core *core)
{
	struct test *test = logic_state(core);

	logic_interrupt(core, 0, test->enabled && test->asserted);
}

static void write_bytes(struct core *core, uint64_t from, uint32_t length)
{
	struct test *test = logic_state(core);
	uint8_t bytes[4096];
	uint32_t some;

	memset(bytes, (uint8_t)*visible(test, FILL), sizeof(bytes));
	for (; length; length -= some, from += some) {
		some = length < sizeof(bytes) ? length : sizeof(bytes);
		if (logic_dma_write(core, from, bytes, some) != LOGIC_OKAY)
			*visible(test, STATUS) |= ERROR;
		*choice(test, WRITTEN) += some;
	}
}

static void read_bytes(struct core *core, uint64_t from, uint32_t length)
{
	struct test *test = logic_state(core);
	uint8_t byte;

	for (; length; length--, from++) {
		if (logic_dma_read(core, from, &byte, 1) != LOGIC_OKAY)
			*visible(test, STATUS) |= ERROR;
		*visible(test, SUM) += byte;
	}
}

static void finish(struct core *core)
{
	struct test *test = logic_state(core);
	uint32_t report = *choice(test, REPORT);

	*visible(test, STATUS) &= ~BUSY;
	*visible(test, STATUS) |= DONE | report << 8 | (report ? ERROR : 0);
	if (*choice(test, BEYOND))
		write_bytes(core, test->start + test->length,
			    *choice(test, BEYOND));
	if (*choice(test, LATE))
		logic_start_timer(core, LATE_WRITE,
				  *choice(test, LATE) * MICROSECOND);
	test->again = *choice(test, INTERRUPT) == TWICE;
	test->asserted |= *choice(test, INTERRUPT) != NEVER;
	update(core);
}

static void next_part(struct core *core)
{
	struct test *test = logic_state(core);
	uint32_t from = (uint64_t)test->length * test->part / test->parts;
	uint32_t to = (uint64_t)test->length * ++test->part / test->parts;

	if (*visible(test, FILL) & READS)
		read_bytes(core, test->start + from, to - from);
	else
		write_bytes(core, test->start + from, to - from);
	if (test->part == test->parts)
		finish(core);
	else
		logic_start_timer(core, NEXT_PART, *choice(test, DURATION) *
				  MICROSECOND / PARTS);
}

static void start_transfer(struct core *core)
{
	struct test *test = logic_state(core);

	if (*visible(test, STATUS) & BUSY)
		return;
	test->start = (uint64_t)*visible(test, ADDRESS_HIGH) << 32 |
		      *visible(test, ADDRESS);
	test->length = *visible(test, LENGTH);
	test->part = 0;
	test->parts = *choice(test, DURATION) ? PARTS : 1;
	*visible(test, SUM) = 0;
	*visible(test, STATUS) = BUSY;
	if (*choice(test, INTERRUPT) == BEFORE) {
		*visible(test, STATUS) |= DONE;
		test->asserted = true;
	}
	logic_start_timer(core, NEXT_PART,
			  *choice(test, DURATION) * MICROSECOND / PARTS);
}

static void stop(struct core *core)
{
	struct test *test = logic_state(core);

	++*choice(test, STOPS);
	/* What is at rest is not stopped later, in its next transfer. */
	if (!(*visible(test, STATUS) & BUSY))
		logic_stop_timer(core, AGAIN);
	else if (*choice(test, STOP) != IGNORED)
		logic_start_timer(core, STOPPED,
				  *choice(test, STOP) * MICROSECOND);
}

static void expired(struct core *core, unsigned int timer)
{
	struct test *test = logic_state(core);

	switch (timer) {
	case NEXT_PART:
		next_part(core);
		break;
	case STOPPED:
		logic_stop_timer(core, NEXT_PART);
		logic_stop_timer(core, AGAIN);
		*visible(test, STATUS) &= ~BUSY;
		break;
	case AGAIN:
		test->asserted = true;
		update(core);
		break;
	case LATE_WRITE:
		write_bytes(core, test->start, test->length);
		break;
	}
}

static uint32_t read(struct core *core, uint32_t offset)
{
	struct test *test = logic_state(core);

	if (offset >= REFUSED)
		logic_refuse(core);
	if (offset == ID)
		return 0x54455354;
	if (offset < sizeof(test->registers))
		return *visible(test, offset);
	if (offset >= DURATION && offset < DURATION + sizeof(test->choices))
		return *choice(test, offset);
	return 0;
}

static void control(struct core *core, uint32_t value)
{
	struct test *test = logic_state(core);

	test->enabled = value & ENABLE;
	if (value & HALT)
		stop(core);
	else if (value & START)
		start_transfer(core);
}

static void write(struct core *core, uint32_t offset, uint32_t value)
{
	struct test *test = logic_state(core);

	if (offset >= REFUSED)
		logic_refuse(core);
	switch (offset) {
	case CONTROL:
		control(core, value);
		break;
	case STATUS:
		*visible(test, STATUS) &= ~(value & (DONE | ERROR));
		test->asserted = false;
		if (test->again)
			logic_start_timer(core, AGAIN, 1000 * MICROSECOND);
		test->again = false;
		break;
	case LENGTH:
		value &= LONGEST;
		/* fall through */
	case ADDRESS: case ADDRESS_HIGH: case FILL:
		*visible(test, offset) = value;
		break;
	case BEYOND:
		value &= LONGEST;
		/* fall through */
	case DURATION: case INTERRUPT: case REPORT: case STOP: case LATE:
		*choice(test, offset) = value;
		break;
	}
	update(core);
}

static const struct logic_register registers[] = {
	{ ID, "ID" }, { CONTROL, "CONTROL" }, { STATUS, "STATUS" },
	{ ADDRESS, "ADDRESS" }, { ADDRESS_HIGH, "ADDRESS_HIGH" },
	{ LENGTH, "LENGTH" }, { FILL, "FILL" }, { SUM, "SUM" },
	{ DURATION, "DURATION" }, { INTERRUPT, "INTERRUPT" },
	{ REPORT, "ERROR" }, { STOP, "STOP" }, { LATE, "LATE" },
	{ BEYOND, "BEYOND" }, { WRITTEN, "WRITTEN" }, { STOPS, "STOPS" }, { 0 }
};

static const struct logic_model test_core = {
	.name = "pl-test-core",
	.length = 0x4000,
	.state_size = sizeof(struct test),
	.lines = { "irq" },
	.registers = registers,
	.read = read,
	.write = write,
	.expired = expired,
};

LOGIC_MODEL(test_core)
