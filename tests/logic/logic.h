/* SPDX-License-Identifier: MIT */
/*
 * What a model of an IP core is written against. It needs nothing else: not
 * QEMU's headers, and not its source.
 *
 * A core is a page of 32-bit registers in the programmable logic. A model says
 * how it is called, what it can be told, and what happens when a register is
 * read or written; LOGIC_MODEL() makes a `-device` of that. cores/sum.c is an
 * example of a page.
 *
 * Everything runs under QEMU's one lock, so a model needs none. Time is the
 * guest's: it stands still while the guest does.
 */
#ifndef LOGIC_H
#define LOGIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGIC_LINES 4
#define LOGIC_TIMERS 8

struct core;

/* A number that an instance can be given: -device NAME,<option>=<value>. */
struct logic_option {
	const char *name;
	const char *help;
	uint64_t initial, min, max;
};

/* For `logic_trace`: accesses to other registers show their offset. */
struct logic_register {
	uint32_t offset;
	const char *name;
};

struct logic_model {
	/* What -device calls it; begins with "pl-". */
	const char *name;
	/* The length of its registers, in bytes; a power of two. */
	uint32_t length;
	/* The model's own variables, zero at power-on and at every reset. */
	size_t state_size;
	/* Names of its interrupt outputs, which are options, too. */
	const char *lines[LOGIC_LINES];
	/* End with one that has no name; NULL for none. */
	const struct logic_option *options;
	const struct logic_register *registers;

	/*
	 * At power-on and at every reset, with the state zeroed, timers
	 * stopped and interrupts low. May be NULL.
	 */
	void (*start)(struct core *core);
	uint32_t (*read)(struct core *core, uint32_t offset);
	void (*write)(struct core *core, uint32_t offset, uint32_t value);
	/* A timer of this number has expired. */
	void (*expired)(struct core *core, unsigned int timer);

	/*
	 * The stream's sink: takes bytes, says how many; fewer than offered is
	 * back-pressure, and logic_ready() ends it. `last` (TLAST) goes with
	 * the last of the bytes, when that is taken. NULL: no stream comes in.
	 */
	size_t (*receive)(struct core *core, const void *data, size_t length,
			  bool last);
	/* The stream's source: whoever is at the other end is ready again. */
	void (*ready)(struct core *core);
	/* Whether a stream goes out: the option "to" names the sink's id. */
	bool sends;

	/*
	 * For a device that QEMU has already: makes it and puts it in place,
	 * instead of everything above but name, length, lines and options.
	 */
	void (*place)(struct core *core);
};

/* Makes a model known; once, in its file. */
#define LOGIC_MODEL(model)						\
	__attribute__((constructor)) static void register_##model(void)	\
	{								\
		logic_register(&(model));				\
	}
void logic_register(const struct logic_model *model);

/* The model's variables, state_size bytes. */
void *logic_state(struct core *core);

/* The value of an option, by its place in the model's list. */
uint64_t logic_value(const struct core *core, unsigned int option);

/*
 * In `read` and `write`: how many bytes the access has. One of 8 bytes calls
 * twice, the lower word first, and nothing happens in between.
 */
unsigned int logic_access(const struct core *core);

/* In `read` and `write`: refuses the access, which its master sees as SLVERR. */
void logic_refuse(struct core *core);

/* An interrupt output, level-sensitive, high or low. */
void logic_interrupt(struct core *core, unsigned int line, bool high);

/*
 * Calls `expired` once, in so many nanoseconds, 1000 at least; a second call
 * is instead of the first.
 */
void logic_start_timer(struct core *core, unsigned int timer, uint64_t ns);
void logic_stop_timer(struct core *core, unsigned int timer);
/* Since the machine was switched on, in nanoseconds. */
uint64_t logic_now(void);

/*
 * DMA: what the CPU's bus address reaches, memory or not, but for the core's
 * own registers. What has been moved before an error stays moved.
 */
enum logic_response {
	LOGIC_OKAY, /* all of it */
	LOGIC_SLVERR, /* somebody refused it */
	LOGIC_DECERR, /* nobody is there */
};
enum logic_response logic_dma_read(struct core *core, uint64_t address,
				   void *data, size_t length);
enum logic_response logic_dma_write(struct core *core, uint64_t address,
				    const void *data, size_t length);

/* Offers bytes to the core that "to" names; how many it took. */
size_t logic_push(struct core *core, const void *data, size_t length,
		  bool last);
/* After a `receive` that took less than it was offered. */
void logic_ready(struct core *core);

#endif /* LOGIC_H */
