// SPDX-License-Identifier: MIT
/*
 * QEMU's own model of the AXI Timer, at 100 MHz.
 */
#include "../core.h"
#include "../qemu.h"

static void place(struct core *core)
{
	void *device = qemu.qdev_new("xlnx.xps-timer");
	void *error = NULL;

	if (!qemu.object_property_set_uint(device, "clock-frequency", 100000000,
					   &error) ||
	    !qemu.sysbus_realize_and_unref(device, &error))
		fail("%s: %s.", core->model->name, qemu.error_get_pretty(error));
	board_place(core, qemu.sysbus_mmio_get_region(device, 0));
	if (core->lines[0] != NOT_GIVEN)
		qemu.sysbus_connect_irq(device, 0,
					board_interrupt(core->lines[0]));
}

static const struct logic_model xlnx_axi_timer = {
	.name = "pl-xlnx-axi-timer",
	.length = 0x1000,
	.lines = { "irq" },
	.place = place,
};

LOGIC_MODEL(xlnx_axi_timer)
