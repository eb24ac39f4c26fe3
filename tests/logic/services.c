// SPDX-License-Identifier: MIT
/* What a model can ask for. */
#include "core.h"
#include "qemu.h"

void *logic_state(struct core *core)
{
	return core->state;
}

uint64_t logic_value(const struct core *core, unsigned int option)
{
	return core->values[option];
}

unsigned int logic_access(const struct core *core)
{
	return core->access;
}

void logic_refuse(struct core *core)
{
	core->refuses = true;
}

void logic_interrupt(struct core *core, unsigned int line, bool high)
{
	bool any = false;
	unsigned int i;

	if (core->high[line] == high)
		return;
	core->high[line] = high;
	trace_access(core, 'I', line, high);
	if (!core->interrupts[line])
		return;
	/* Outputs on one line: an OR gate is between. */
	for (i = 0; i < LOGIC_LINES; i++)
		any |= core->high[i] && core->lines[i] == core->lines[line];
	qemu.qemu_set_irq(core->interrupts[line], any);
}

/* Less, for ever again, would leave QEMU no time for its guest. */
#define SHORTEST 1000

void logic_start_timer(struct core *core, unsigned int timer, uint64_t ns)
{
	if (ns < SHORTEST)
		ns = SHORTEST;
	qemu.timer_mod_ns(core->timers[timer].qemu_timer,
			  (int64_t)(logic_now() + ns));
}

void logic_stop_timer(struct core *core, unsigned int timer)
{
	qemu.timer_del(core->timers[timer].qemu_timer);
}

uint64_t logic_now(void)
{
	return (uint64_t)qemu.qemu_clock_get_ns(VIRTUAL_CLOCK);
}

static enum logic_response move(struct core *core, uint64_t address, void *data,
				size_t length, bool write)
{
	uint32_t result;

	core->moves = true;
	result = qemu.address_space_rw(qemu.address_space_memory, address,
				       ATTRIBUTES_UNSPECIFIED, data, length,
				       write);
	core->moves = false;
	if (result == RESULT_OK)
		return LOGIC_OKAY;
	return result & RESULT_DECODE_ERROR ? LOGIC_DECERR : LOGIC_SLVERR;
}

enum logic_response logic_dma_read(struct core *core, uint64_t address,
				   void *data, size_t length)
{
	return move(core, address, data, length, false);
}

enum logic_response logic_dma_write(struct core *core, uint64_t address,
				    const void *data, size_t length)
{
	return move(core, address, (void *)data, length, true);
}

size_t logic_push(struct core *core, const void *data, size_t length, bool last)
{
	struct core *sink = core->sink;

	return sink ? sink->model->receive(sink, data, length, last) : 0;
}

void logic_ready(struct core *core)
{
	if (core->source && core->source->model->ready)
		core->source->model->ready(core->source);
}
