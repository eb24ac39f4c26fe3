/* SPDX-License-Identifier: MIT */
/* What the library has of a core, behind logic.h. */
#ifndef CORE_H
#define CORE_H

#include <stdio.h>

#include "logic.h"

#define CORE_OPTIONS 24

struct timer {
	struct core *core;
	void *qemu_timer;
};

struct core {
	struct core *next;
	const struct logic_model *model;
	/* QEMU's object, which holds the options' values. */
	void *object;
	uint64_t address, lines[LOGIC_LINES], values[CORE_OPTIONS];
	char *to;
	struct core *sink, *source;
	void *interrupts[LOGIC_LINES];
	bool high[LOGIC_LINES];
	struct timer timers[LOGIC_TIMERS];
	/* While it moves data it does not answer: no core reaches itself. */
	bool moves;
	/* Of the access under way: its bytes, and whether it is refused. */
	unsigned int access;
	bool refuses;
	void *state;
};

/* A number that was not given. */
#define NOT_GIVEN UINT64_MAX

void core_register_types(void);

/* What the board has around the cores. */
void board_find(void);
void board_check(const struct core *cores);
void board_place(const struct core *core, void *region);
void *board_interrupt(uint64_t number);

/* LOGIC_TRACE=FILE: each access to each core, in the order of time. */
void trace_open(void);
void trace_access(const struct core *core, char kind, uint32_t offset,
		  uint64_t value);

#endif /* CORE_H */
