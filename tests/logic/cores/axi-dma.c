// SPDX-License-Identifier: MIT
/*
 * Xilinx's AXI DMA after its product guide, PG021 (v7.1); the comments name
 * its pages. Not there: multichannel and micro mode, the control and status
 * streams, keyhole writes.
 *
 * Where the guide leaves something undefined, the model does what hurts most
 * and still ends: an unaligned address without DRE loses its low bits.
 */
#include <string.h>

#include "logic.h"

enum { SG, ADDRESS_WIDTH, LENGTH_WIDTH, DATA_WIDTH, DRE, RATE };

static const struct logic_option options[] = {
	{ "sg", "Built with the scatter-gather engine", 1, 0, 1 },
	{ "address-width", "Bits of an address", 32, 32, 64 },
	{ "length-width", "Bits of a length", 14, 8, 26 },
	{ "data-width", "Bits of the stream and the memory port", 32, 32, 1024 },
	{ "dre", "Built for unaligned addresses", 0, 0, 1 },
	{ "rate", "What a channel moves, in MB/s", 400, 1, 100000 },
	{ 0 }
};

/* "AXI DMA Register Address Map"; S2MM's are 0x30 further. */
enum { DMACR = 0x00, DMASR = 0x04, CURDESC = 0x08, CURDESC_MSB = 0x0c,
       TAILDESC = 0x10, TAILDESC_MSB = 0x14, SA = 0x18, SA_MSB = 0x1c,
       LENGTH = 0x28, S2MM = 0x30, END = 0x60 };

static const struct logic_register registers[] = {
	{ DMACR, "MM2S_DMACR" }, { DMASR, "MM2S_DMASR" },
	{ CURDESC, "MM2S_CURDESC" }, { CURDESC_MSB, "MM2S_CURDESC_MSB" },
	{ TAILDESC, "MM2S_TAILDESC" }, { TAILDESC_MSB, "MM2S_TAILDESC_MSB" },
	{ SA, "MM2S_SA" }, { SA_MSB, "MM2S_SA_MSB" },
	{ LENGTH, "MM2S_LENGTH" },
	{ S2MM + DMACR, "S2MM_DMACR" }, { S2MM + DMASR, "S2MM_DMASR" },
	{ S2MM + CURDESC, "S2MM_CURDESC" },
	{ S2MM + CURDESC_MSB, "S2MM_CURDESC_MSB" },
	{ S2MM + TAILDESC, "S2MM_TAILDESC" },
	{ S2MM + TAILDESC_MSB, "S2MM_TAILDESC_MSB" },
	{ S2MM + SA, "S2MM_DA" }, { S2MM + SA_MSB, "S2MM_DA_MSB" },
	{ S2MM + LENGTH, "S2MM_LENGTH" }, { 0 }
};

/* "MM2S_DMACR", "S2MM_DMACR" */
#define RUN (1u << 0)
#define ALWAYS_SET (1u << 1)
#define RESET (1u << 2)
#define CYCLIC (1u << 4)
#define WRITABLE 0xffff7019u
#define CONTROL_AT_RESET 0x00010002u
#define THRESHOLD(word) ((word) >> 16 & 0xff)
#define DELAY(word) ((word) >> 24)

/* "MM2S_DMASR", "S2MM_DMASR" */
#define HALTED (1u << 0)
#define IDLE (1u << 1)
#define SG_INCLUDED (1u << 3)
#define DMA_INT_ERR (1u << 4)
#define DMA_SLV_ERR (1u << 5)
#define DMA_DEC_ERR (1u << 6)
#define SG_INT_ERR (1u << 8)
#define SG_SLV_ERR (1u << 9)
#define SG_DEC_ERR (1u << 10)
#define ERRORS 0x770u
#define IOC_IRQ (1u << 12)
#define DLY_IRQ (1u << 13)
#define ERR_IRQ (1u << 14)
#define INTERRUPTS (IOC_IRQ | DLY_IRQ | ERR_IRQ)

/* "Scatter Gather Descriptor": words of one, and bits of its last two. */
enum { NXTDESC = 0, BUFFER = 2, CONTROL = 6, STATUS = 7, WORDS = 8 };
#define DESCRIPTOR_LENGTH 0x3ffffffu
#define TXEOF (1u << 26)
#define RXEOF (1u << 26)
#define RXSOF (1u << 27)
#define CMPLT (1u << 31)
/* DMASR's DMAIntErr, DMASlvErr, DMADecErr are 28, 29, 30 there. */
#define DESCRIPTOR_ERRORS(status) (((status) & 0x70u) << 24)

enum { TX, RX };
enum { STEP, HALT = 2, RESET_DONE = 4, DELAYED = 5 };

#define BURST 4096
#define STOP_TIME 1000
/* "IRQDelay": 125 periods of the SG clock, which has 100 MHz here. */
#define DELAY_UNIT 1250ull

struct channel {
	uint32_t control, status, length, threshold;
	uint64_t current, tail, address;
	/* A transfer, of LENGTH or of a descriptor. */
	bool active, ends_packet;
	uint64_t at;
	uint32_t total, done;
	/* The chain: whether the tail lies ahead, and what comes next. */
	bool queued, begun, in_packet;
	/* A wide tail came in halves; its upper one comes late. */
	bool halved, late;
	uint64_t next;
};

struct axi_dma {
	struct channel channels[2];
	bool resets;
	/* What MM2S has read and the stream has not taken. */
	uint8_t fifo[BURST];
	uint32_t fifo_from, fifo_to;
};

static struct channel *channel_of(struct core *core, int which)
{
	return &((struct axi_dma *)logic_state(core))->channels[which];
}

static void update(struct core *core, int which)
{
	struct channel *c = channel_of(core, which);

	logic_interrupt(core, which, c->status & c->control & INTERRUPTS);
}

static void start(struct core *core)
{
	struct axi_dma *dma = logic_state(core);
	int which;

	memset(dma, 0, sizeof(*dma));
	for (which = TX; which <= RX; which++) {
		struct channel *c = &dma->channels[which];

		c->control = CONTROL_AT_RESET;
		c->status = HALTED | (logic_value(core, SG) ? SG_INCLUDED : 0);
		c->threshold = 1;
		logic_stop_timer(core, STEP + which);
		logic_stop_timer(core, HALT + which);
		logic_stop_timer(core, DELAYED + which);
		update(core, which);
	}
}

/* What is under way ends where it is. "S2MM_DMACR", RS: no data is sure. */
static void halt(struct core *core, int which)
{
	struct axi_dma *dma = logic_state(core);
	struct channel *c = &dma->channels[which];

	c->control &= ~RUN;
	c->status = (c->status & ~IDLE) | HALTED;
	c->active = c->queued = c->begun = c->in_packet = false;
	c->halved = c->late = false;
	if (which == TX)
		dma->fifo_from = dma->fifo_to = 0;
	logic_stop_timer(core, STEP + which);
}

/* "MM2S_DMASR": an error halts; only a reset makes the channel run again. */
static void fail(struct core *core, int which, uint32_t error)
{
	struct channel *c = channel_of(core, which);

	c->status |= error | ERR_IRQ;
	halt(core, which);
	update(core, which);
}

static uint32_t memory_error(enum logic_response response)
{
	return response == LOGIC_DECERR ? DMA_DEC_ERR : DMA_SLV_ERR;
}

static uint32_t descriptor_error(enum logic_response response)
{
	return response == LOGIC_DECERR ? SG_DEC_ERR : SG_SLV_ERR;
}

static uint64_t masked_address(struct core *core, uint64_t address)
{
	uint64_t width = logic_value(core, ADDRESS_WIDTH);

	if (width < 64)
		address &= (1ull << width) - 1;
	if (!logic_value(core, DRE))
		address &= ~(logic_value(core, DATA_WIDTH) / 8 - 1);
	return address;
}

/* "IOC_Irq", "IRQThreshold": counts the ends of packets. */
static void packet_ended(struct core *core, int which)
{
	struct channel *c = channel_of(core, which);

	if (!logic_value(core, SG) || --c->threshold == 0) {
		c->threshold = THRESHOLD(c->control);
		c->status |= IOC_IRQ;
		logic_stop_timer(core, DELAYED + which);
	} else if (DELAY(c->control)) {
		logic_start_timer(core, DELAYED + which,
				  DELAY(c->control) * DELAY_UNIT);
	}
	update(core, which);
}

/* The next descriptor, if the tail has not been reached. */
static bool fetch(struct core *core, int which)
{
	struct channel *c = channel_of(core, which);
	uint32_t words[WORDS];
	enum logic_response response;

	if (!c->queued)
		return false;
	if (c->begun)
		c->current = c->next;
	c->begun = true;
	response = logic_dma_read(core, c->current, words, sizeof(words));
	if (response != LOGIC_OKAY) {
		fail(core, which, descriptor_error(response));
		return false;
	}
	/* "SGIntErr"; "Cyclic BD Enable" has the bit ignored. */
	if (words[STATUS] & CMPLT && !(c->control & CYCLIC)) {
		fail(core, which, SG_INT_ERR);
		return false;
	}
	c->next = words[NXTDESC] & ~0x3full;
	c->at = words[BUFFER];
	if (logic_value(core, ADDRESS_WIDTH) > 32) {
		c->next |= (uint64_t)words[NXTDESC + 1] << 32;
		c->at |= (uint64_t)words[BUFFER + 1] << 32;
	}
	c->at = masked_address(core, c->at);
	c->total = words[CONTROL] & DESCRIPTOR_LENGTH &
		   ((1u << logic_value(core, LENGTH_WIDTH)) - 1);
	c->ends_packet = words[CONTROL] & TXEOF;
	c->done = 0;
	c->active = true;
	if (c->total)
		return true;
	/* "DMAIntErr" */
	fail(core, which, DMA_INT_ERR);
	return false;
}

/* "STATUS": the bytes, what the packet did, and that it is done. */
static bool write_back(struct core *core, int which, uint32_t bits)
{
	struct channel *c = channel_of(core, which);
	uint32_t word = c->done | bits;
	enum logic_response response = logic_dma_write(
		core, c->current + STATUS * 4, &word, sizeof(word));

	if (response == LOGIC_OKAY)
		return true;
	fail(core, which, descriptor_error(response));
	return false;
}

static void memory_failed(struct core *core, int which,
			  enum logic_response response)
{
	uint32_t error = memory_error(response);

	if (logic_value(core, SG)) {
		if (!write_back(core, which, DESCRIPTOR_ERRORS(error)))
			return;
	} else if (which == RX) {
		/* "S2MM_DMASR", DMAIntErr: any error of a write. */
		error |= DMA_INT_ERR;
	}
	fail(core, which, error);
}

static void write_tail(struct core *core, int which);

/* All of LENGTH or of a descriptor, or all that the packet had. */
static void transfer_done(struct core *core, int which, bool ends_packet)
{
	struct channel *c = channel_of(core, which);
	uint32_t bits = CMPLT;

	if (which == RX && !c->in_packet)
		bits |= RXSOF;
	if (which == RX && ends_packet)
		bits |= RXEOF;
	c->in_packet = !ends_packet;
	c->active = false;
	if (logic_value(core, SG)) {
		if (!write_back(core, which, bits))
			return;
		/* "TAILDESC": the pause is behind this descriptor. */
		if (c->current == c->tail && !(c->control & CYCLIC)) {
			c->queued = false;
			c->status |= IDLE;
		}
		if (!c->queued && c->late) {
			c->late = false;
			write_tail(core, which);
			fetch(core, which);
		}
	} else {
		/* "S2MM_LENGTH": the bytes that were written. */
		if (which == RX)
			c->length = c->done;
		c->status |= IDLE;
	}
	if (ends_packet)
		packet_ended(core, which);
}

/* What the stream has not taken waits for `ready`. */
static bool push(struct core *core)
{
	struct axi_dma *dma = logic_state(core);
	struct channel *c = &dma->channels[TX];
	bool last = c->ends_packet && c->done == c->total;

	dma->fifo_from += logic_push(core, dma->fifo + dma->fifo_from,
				     dma->fifo_to - dma->fifo_from, last);
	return dma->fifo_from == dma->fifo_to;
}

/* MM2S: one burst from memory into the stream. */
static void step(struct core *core)
{
	struct axi_dma *dma = logic_state(core);
	struct channel *c = &dma->channels[TX];
	enum logic_response response;
	uint32_t some;

	if (!c->active && !fetch(core, TX))
		return;
	if (dma->fifo_from == dma->fifo_to) {
		some = c->total - c->done;
		if (some > BURST)
			some = BURST;
		response = logic_dma_read(core, c->at + c->done, dma->fifo,
					  some);
		if (response != LOGIC_OKAY) {
			memory_failed(core, TX, response);
			return;
		}
		c->done += some;
		dma->fifo_from = 0;
		dma->fifo_to = some;
	}
	if (!push(core))
		return;
	some = dma->fifo_to;
	dma->fifo_from = dma->fifo_to = 0;
	if (c->done == c->total)
		transfer_done(core, TX, c->ends_packet);
	if (c->active || c->queued)
		logic_start_timer(core, STEP,
				  some * 1000ull / logic_value(core, RATE));
}

static void ready(struct core *core)
{
	struct axi_dma *dma = logic_state(core);

	if (dma->fifo_from != dma->fifo_to)
		logic_start_timer(core, STEP, 0);
}

/* S2MM: from the stream into memory, as far as there is room. */
static size_t receive(struct core *core, const void *data, size_t length,
		      bool last)
{
	struct channel *c = channel_of(core, RX);
	size_t taken = 0;

	while (taken < length && c->control & RUN) {
		enum logic_response response;
		size_t some = length - taken;

		if (!c->active && !fetch(core, RX))
			break;
		if (c->done == c->total) {
			/* "S2MM_DMASR", DMAIntErr: longer than LENGTH. */
			fail(core, RX, DMA_INT_ERR);
			break;
		}
		if (some > c->total - c->done)
			some = c->total - c->done;
		response = logic_dma_write(core, c->at + c->done,
					   (const uint8_t *)data + taken, some);
		if (response != LOGIC_OKAY) {
			memory_failed(core, RX, response);
			break;
		}
		c->done += (uint32_t)some;
		taken += some;
		if (last && taken == length)
			transfer_done(core, RX, true);
		else if (c->done == c->total && logic_value(core, SG))
			transfer_done(core, RX, false);
	}
	return taken;
}

static void begin(struct core *core, int which)
{
	struct channel *c = channel_of(core, which);

	c->status &= ~IDLE;
	if (which == TX)
		logic_start_timer(core, STEP, 100);
	else
		logic_ready(core);
}

/* "LENGTH": starts, if it is not 0 and the channel runs. */
static void write_length(struct core *core, int which, uint32_t value)
{
	struct channel *c = channel_of(core, which);

	c->length = value & ((1u << logic_value(core, LENGTH_WIDTH)) - 1);
	if (!c->length || c->status & HALTED || c->active)
		return;
	c->at = masked_address(core, c->address);
	c->total = c->length;
	c->done = 0;
	c->ends_packet = c->active = true;
	begin(core, which);
}

/* "TAILDESC", "TAILDESC_MSB": starts, or moves the pause. */
static void write_tail(struct core *core, int which)
{
	struct channel *c = channel_of(core, which);

	if (c->status & HALTED)
		return;
	c->queued = true;
	if (!c->active)
		begin(core, which);
}

static void write_control(struct core *core, int which, uint32_t value)
{
	struct axi_dma *dma = logic_state(core);
	struct channel *c = &dma->channels[which];
	bool ran = c->control & RUN;

	/* "Reset": of both channels, whichever is told. */
	if (value & RESET) {
		dma->resets = true;
		logic_start_timer(core, RESET_DONE, STOP_TIME);
		return;
	}
	/* "IRQThreshold": a zero has no effect. */
	if (!THRESHOLD(value))
		value |= c->control & 0xff0000;
	c->control = (value & WRITABLE) | ALWAYS_SET;
	c->threshold = THRESHOLD(value);
	if (c->status & ERRORS) {
		c->control &= ~RUN;
	} else if (!ran && value & RUN) {
		c->status &= ~HALTED;
		logic_stop_timer(core, HALT + which);
	}
	if (ran && !(value & RUN))
		logic_start_timer(core, HALT + which, STOP_TIME);
	update(core, which);
}

static void set_low(uint64_t *word, uint32_t value)
{
	*word = (*word & ~0xffffffffull) | value;
}

static void set_high(uint64_t *word, uint32_t value)
{
	*word = (*word & 0xffffffff) | (uint64_t)value << 32;
}

static void write_pointer(struct core *core, int which, uint32_t offset,
			  uint32_t value)
{
	struct channel *c = channel_of(core, which);
	bool wide = logic_value(core, ADDRESS_WIDTH) > 32;

	switch (offset) {
	case CURDESC:
	case CURDESC_MSB:
		/* "CURDESC": only while the channel is halted. */
		if (!(c->status & HALTED))
			break;
		if (offset == CURDESC)
			set_low(&c->current, value & ~0x3fu);
		else if (wide)
			set_high(&c->current, value);
		break;
	/*
	 * Of a wide tail the lower half moves the pause, and the upper one
	 * starts. Halves of two accesses may be any time apart. So if the
	 * channel runs, the upper one is kept until the channel has come to
	 * the pause, and starts it again behind the tail.
	 */
	case TAILDESC:
		set_low(&c->tail, value & ~0x3fu);
		c->halved = wide && c->queued && logic_access(core) == 4;
		if (!wide)
			write_tail(core, which);
		break;
	case TAILDESC_MSB:
		if (!wide)
			break;
		set_high(&c->tail, value);
		c->late = c->halved;
		if (!c->late)
			write_tail(core, which);
		break;
	}
}

static void write(struct core *core, uint32_t offset, uint32_t value)
{
	struct axi_dma *dma = logic_state(core);
	int which = offset >= S2MM;
	struct channel *c = &dma->channels[which];

	if (offset >= END || dma->resets)
		return;
	offset -= which * S2MM;
	if (offset == DMACR) {
		write_control(core, which, value);
	} else if (offset == DMASR) {
		c->status &= ~(value & INTERRUPTS);
		update(core, which);
	} else if (logic_value(core, SG)) {
		write_pointer(core, which, offset, value);
	} else if (offset == SA) {
		set_low(&c->address, value);
	} else if (offset == SA_MSB) {
		if (logic_value(core, ADDRESS_WIDTH) > 32)
			set_high(&c->address, value);
	} else if (offset == LENGTH) {
		write_length(core, which, value);
	}
}

static uint32_t read(struct core *core, uint32_t offset)
{
	struct axi_dma *dma = logic_state(core);
	int which = offset >= S2MM;
	const struct channel *c = &dma->channels[which];

	if (offset >= END)
		return 0;
	switch (offset - which * S2MM) {
	case DMACR: return c->control | (dma->resets ? RESET : 0);
	/* "IRQThresholdSts": what is left until the interrupt. */
	case DMASR: return c->status | (logic_value(core, SG) ? c->threshold << 16 : 0);
	case CURDESC: return (uint32_t)c->current;
	case CURDESC_MSB: return c->current >> 32;
	case TAILDESC: return (uint32_t)c->tail;
	case TAILDESC_MSB: return c->tail >> 32;
	case SA: return (uint32_t)c->address;
	case SA_MSB: return c->address >> 32;
	case LENGTH: return c->length;
	default: return 0;
	}
}

static void expired(struct core *core, unsigned int timer)
{
	switch (timer) {
	case STEP:
		step(core);
		break;
	case HALT + TX:
	case HALT + RX:
		halt(core, timer - HALT);
		break;
	case RESET_DONE:
		start(core);
		break;
	case DELAYED + TX:
	case DELAYED + RX:
		channel_of(core, timer - DELAYED)->status |= DLY_IRQ;
		update(core, timer - DELAYED);
		break;
	}
}

static const struct logic_model axi_dma = {
	.name = "pl-axi-dma",
	.length = 0x1000,
	.state_size = sizeof(struct axi_dma),
	.lines = { "mm2s-irq", "s2mm-irq" },
	.options = options,
	.registers = registers,
	.start = start,
	.read = read,
	.write = write,
	.expired = expired,
	.receive = receive,
	.ready = ready,
	.sends = true,
};

LOGIC_MODEL(axi_dma)
