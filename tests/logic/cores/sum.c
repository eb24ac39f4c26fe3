// SPDX-License-Identifier: MIT
/*
 * An example of a core of one's own: it adds up the 32-bit words of a buffer.
 *
 *   0x00 CONTROL  W    1 starts, 0 stops
 *   0x04 STATUS   R/W  bit 0 done, bit 1 busy, bit 2 error; ones clear 0 and 2
 *   0x10 SOURCE   R/W  where the buffer is, low word; 0x14 the high one
 *   0x18 LENGTH   R/W  its length in bytes, a multiple of four; 24 bits
 *   0x1c SUM      R
 *
 * The interrupt is high while done or error is. A KiB takes a microsecond.
 */
#include "logic.h"

enum { CONTROL = 0x00, STATUS = 0x04, SOURCE = 0x10, SOURCE_HIGH = 0x14, LENGTH = 0x18, SUM = 0x1c };
enum { DONE = 1, BUSY = 2, ERROR = 4 };

struct sum {
	uint32_t status, source, source_high, length, sum;
};

static uint32_t read(struct core *core, uint32_t offset)
{
	struct sum *sum = logic_state(core);

	switch (offset) {
	case STATUS: return sum->status;
	case SOURCE: return sum->source;
	case SOURCE_HIGH: return sum->source_high;
	case LENGTH: return sum->length;
	case SUM: return sum->sum;
	default: return 0;
	}
}

static void write(struct core *core, uint32_t offset, uint32_t value)
{
	struct sum *sum = logic_state(core);

	switch (offset) {
	case CONTROL:
		sum->status = value & 1 ? BUSY : sum->status & ~BUSY;
		if (value & 1)
			logic_start_timer(core, 0, sum->length);
		else
			logic_stop_timer(core, 0);
		break;
	case STATUS: sum->status &= ~(value & (DONE | ERROR)); break;
	case SOURCE: sum->source = value; break;
	case SOURCE_HIGH: sum->source_high = value; break;
	case LENGTH: sum->length = value & 0xfffffc; break;
	}
	logic_interrupt(core, 0, sum->status & (DONE | ERROR));
}

static void expired(struct core *core, unsigned int timer)
{
	struct sum *sum = logic_state(core);
	uint64_t from = (uint64_t)sum->source_high << 32 | sum->source;
	uint32_t word, offset;

	(void)timer;
	sum->sum = 0;
	sum->status = DONE;
	for (offset = 0; offset < sum->length && sum->status == DONE; offset += 4) {
		if (logic_dma_read(core, from + offset, &word, 4) != LOGIC_OKAY)
			sum->status = ERROR;
		sum->sum += word;
	}
	logic_interrupt(core, 0, true);
}

static const struct logic_register registers[] = {
	{ CONTROL, "CONTROL" }, { STATUS, "STATUS" }, { SOURCE, "SOURCE" },
	{ SOURCE_HIGH, "SOURCE_HIGH" }, { LENGTH, "LENGTH" }, { SUM, "SUM" }, { 0 }
};

static const struct logic_model sum = {
	.name = "pl-sum", .length = 0x1000, .state_size = sizeof(struct sum), .lines = { "irq" },
	.registers = registers, .read = read, .write = write, .expired = expired,
};

LOGIC_MODEL(sum)
