// SPDX-License-Identifier: MIT
/* What a logic analyser at the cores' registers would show. */
#include <inttypes.h>
#include <stdlib.h>

#include "core.h"
#include "qemu.h"

static FILE *trace;

void trace_open(void)
{
	const char *path = getenv("LOGIC_TRACE");

	if (!path)
		return;
	trace = fopen(path, "w");
	if (!trace)
		fail("LOGIC_TRACE=%s cannot be written: %m.", path);
	/* Whole lines, also of a QEMU that is killed. */
	setlinebuf(trace);
}

void trace_access(const struct core *core, char kind, uint32_t offset,
		  uint64_t value)
{
	const struct logic_register *each = core->model->registers;
	int digits = kind == 'I' ? 0 : (int)core->access * 2;
	uint64_t now;

	if (!trace)
		return;
	now = logic_now();
	while (each && each->name && each->offset != offset)
		each++;
	fprintf(trace, "%6" PRIu64 ".%06" PRIu64 " ms %" PRIx64 " %s %c ",
		now / 1000000, now % 1000000, core->address,
		core->model->name, kind);
	if (kind == 'I')
		fprintf(trace, "%s %s\n", core->model->lines[offset],
			value ? "high" : "low");
	else if (each && each->name)
		fprintf(trace, "%s %0*" PRIx64 "\n", each->name, digits, value);
	else
		fprintf(trace, "%03x %0*" PRIx64 "\n", offset, digits, value);
}
