// SPDX-License-Identifier: MIT
/*
 * The boards that have programmable logic: where its registers are seen, and
 * which interrupts come from it.
 */
#include <inttypes.h>
#include <string.h>

#include "core.h"
#include "qemu.h"

struct range {
	uint64_t first, last;
};

struct board {
	const char *type, *interrupts, *memory;
	struct range addresses[2], lines[2];
};

static const struct board boards[] = {
	/*
	 * UG1085, "System Addresses": M_AXI_HPM0_LPD, M_AXI_HPM0_FPD and
	 * M_AXI_HPM1_FPD; "Interrupts": PL_PS_Group0 and 1.
	 */
	{ "xlnx-zcu102-machine", "/machine/soc/gic", NULL,
	  { { 0x80000000, 0x9fffffff }, { 0xa0000000, 0xbfffffff } },
	  { { 89, 96 }, { 104, 111 } } },
	/*
	 * AM011, "Address Maps" and "Interrupts"; QEMU has its virtio-mmio
	 * where M_AXI_FPD begins, and its CPUs see a region of their own.
	 */
	{ "xlnx-versal-virt-machine", "/machine/xlnx-versal/apu-gic",
	  "/machine/xlnx-versal/mr-apu[0]",
	  { { 0x80000000, 0x9fffffff }, { 0xa4000000, 0xafffffff } },
	  { { 84, 91 }, { 84, 91 } } },
};

static const struct board *board;
static void *interrupts, *memory;

void board_find(void)
{
	const char *type = qemu.object_get_typename(
		qemu.object_resolve_path("/machine", NULL));
	unsigned int i;

	for (i = 0; i < sizeof(boards) / sizeof(*boards); i++)
		if (!strcmp(type, boards[i].type))
			board = &boards[i];
	if (!board)
		fail("%s has no programmable logic that the library knows; -M xlnx-zcu102 and -M xlnx-versal-virt have.",
		     type);
	interrupts = qemu.object_resolve_path(board->interrupts, NULL);
	memory = board->memory ?
		qemu.object_resolve_path(board->memory, NULL) :
		qemu.get_system_memory();
	if (!interrupts || !memory)
		fail("this %s is without %s.", type,
		     interrupts ? board->memory : board->interrupts);
}

static bool is_in(const struct range *ranges, uint64_t first, uint64_t last)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (first >= ranges[i].first && last <= ranges[i].last)
			return true;
	return false;
}

static void check_lines(const struct core *core)
{
	const struct core *other;
	unsigned int i, k;

	for (i = 0; i < LOGIC_LINES && core->model->lines[i]; i++) {
		uint64_t line = core->lines[i];

		if (line == NOT_GIVEN)
			continue;
		if (!is_in(board->lines, line, line))
			fail("%s: %s=%" PRIu64 " is no interrupt of the logic; those are %" PRIu64 " to %" PRIu64 " and %" PRIu64 " to %" PRIu64 ".",
			     core->model->name, core->model->lines[i], line,
			     board->lines[0].first, board->lines[0].last,
			     board->lines[1].first, board->lines[1].last);
		for (other = core->next; other; other = other->next)
			for (k = 0; k < LOGIC_LINES; k++)
				if (other->lines[k] == line)
					fail("%s and %s have one interrupt, %" PRIu64 ".",
					     core->model->name,
					     other->model->name, line);
	}
}

void board_check(const struct core *cores)
{
	const struct core *core, *other;

	for (core = cores; core; core = core->next) {
		const char *name = core->model->name;
		uint64_t first = core->address;
		uint64_t last = first + core->model->length - 1;

		if (first == NOT_GIVEN)
			fail("%s: addr= is missing, the address of its registers.",
			     name);
		if (first % core->model->length)
			fail("%s: addr=0x%" PRIx64 " is not aligned to 0x%x, the length of its registers.",
			     name, first, core->model->length);
		if (!is_in(board->addresses, first, last))
			fail("%s: addr=0x%" PRIx64 " is not in the logic; that is 0x%" PRIx64 " to 0x%" PRIx64 " and 0x%" PRIx64 " to 0x%" PRIx64 ".",
			     name, first,
			     board->addresses[0].first,
			     board->addresses[0].last,
			     board->addresses[1].first,
			     board->addresses[1].last);
		for (other = core->next; other; other = other->next)
			if (other->address != NOT_GIVEN &&
			    other->address <= last &&
			    first < other->address + other->model->length)
				fail("%s at 0x%" PRIx64 " and %s at 0x%" PRIx64 " are at one address.",
				     name, first, other->model->name,
				     other->address);
		check_lines(core);
	}
}

void board_place(const struct core *core, void *region)
{
	qemu.memory_region_add_subregion(memory, core->address, region);
}

void *board_interrupt(uint64_t number)
{
	return qemu.qdev_get_gpio_in(interrupts, (int)number);
}
