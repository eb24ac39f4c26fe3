// SPDX-License-Identifier: MIT
/*
 * QEMU's own model of the AXI DMA, its stream looped to itself. It knows
 * scatter-gather only, and pointers of 32 bits; counts no bytes, reports no
 * errors. It was written by others, which is why it is here.
 */
#include "../core.h"
#include "../qemu.h"

static void place(struct core *core)
{
	void *device = qemu.qdev_new("xlnx.axi-dma");
	void *data, *control, *error = NULL;
	int i;

	/* A link is a path, and only what is in the tree has one. */
	qemu.object_property_add_child(core->object, "core", device);
	data = qemu.object_property_get_link(
		device, "axistream-connected-target", &error);
	control = qemu.object_property_get_link(
		device, "axistream-control-connected-target", &error);
	if (!data || !control)
		fail("%s: this QEMU's AXI DMA has no streams.",
		     core->model->name);
	if (!qemu.object_property_set_uint(device, "freqhz", 100000000,
					   &error) ||
	    !qemu.object_property_set_link(device, "axistream-connected", data,
					   &error) ||
	    !qemu.object_property_set_link(
		    device, "axistream-control-connected", control, &error) ||
	    !qemu.object_property_set_link(
		    device, "dma", qemu.get_system_memory(), &error) ||
	    !qemu.sysbus_realize_and_unref(device, &error))
		fail("%s: %s.", core->model->name, qemu.error_get_pretty(error));
	board_place(core, qemu.sysbus_mmio_get_region(device, 0));
	for (i = 0; i < 2; i++)
		if (core->lines[i] != NOT_GIVEN)
			qemu.sysbus_connect_irq(device, i,
						board_interrupt(core->lines[i]));
}

static const struct logic_model xlnx_axi_dma = {
	.name = "pl-xlnx-axi-dma",
	.length = 0x1000,
	.lines = { "mm2s-irq", "s2mm-irq" },
	.place = place,
};

LOGIC_MODEL(xlnx_axi_dma)
