// SPDX-License-Identifier: MIT
/*
 * Models as types of QEMU's. An object that is made only declares its options:
 * QEMU makes some to ask for help, and sets options afterwards. When the board
 * is there, and before the guest runs, all cores are put in place at once.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "qemu.h"

static const struct logic_model *models[64];
static unsigned int model_count;
static struct core *cores;
static bool is_wired;

/* One option of one core, for QEMU's accessors. */
struct setting {
	struct core *core;
	const char *name;
	uint64_t *value, min, max;
};

void logic_register(const struct logic_model *model)
{
	if (model_count < sizeof(models) / sizeof(*models))
		models[model_count++] = model;
}

/* Options */

static void get_number(void *object, void *visitor, const char *name,
		       void *opaque, void **error)
{
	struct setting *setting = opaque;
	uint64_t value = *setting->value;

	(void)object;
	qemu.visit_type_uint64(visitor, name, &value, error);
}

static void set_number(void *object, void *visitor, const char *name,
		       void *opaque, void **error)
{
	struct setting *setting = opaque;
	uint64_t value;

	(void)object;
	if (!qemu.visit_type_uint64(visitor, name, &value, error))
		return;
	if (value < setting->min || value > setting->max)
		qemu.error_setg_internal(error, __FILE__, __LINE__, __func__,
			"%s: %s=%" PRIu64 " is not from %" PRIu64 " to %" PRIu64,
			setting->core->model->name, name, value, setting->min,
			setting->max);
	else
		*setting->value = value;
}

static void release_number(void *object, const char *name, void *opaque)
{
	(void)object;
	(void)name;
	free(opaque);
}

static void get_text(void *object, void *visitor, const char *name,
		     void *opaque, void **error)
{
	struct core *core = opaque;
	char *text = core->to ? core->to : "";

	(void)object;
	qemu.visit_type_str(visitor, name, &text, error);
}

static void set_text(void *object, void *visitor, const char *name,
		     void *opaque, void **error)
{
	struct core *core = opaque;
	char *text;

	(void)object;
	if (qemu.visit_type_str(visitor, name, &text, error))
		core->to = text;
}

static void add_number(struct core *core, const char *name, uint64_t *value,
		       uint64_t min, uint64_t max, const char *help)
{
	struct setting *setting = malloc(sizeof(*setting));

	if (!setting)
		fail("no memory");
	*setting = (struct setting){ core, name, value, min, max };
	qemu.object_property_add(core->object, name, "uint64", get_number,
				 set_number, release_number, setting);
	qemu.object_property_set_description(core->object, name, help);
}

static const struct logic_model *model_of(const void *object)
{
	const char *name = qemu.object_get_typename(object);
	unsigned int i = 0;

	while (strcmp(models[i]->name, name))
		i++;
	return models[i];
}

static void make(void *object)
{
	const struct logic_model *model = model_of(object);
	const struct logic_option *option;
	struct core *core = calloc(1, sizeof(*core));
	unsigned int i;
	char help[200];

	if (!core)
		fail("no memory");
	core->model = model;
	core->object = object;
	core->address = NOT_GIVEN;
	add_number(core, "addr", &core->address, 0, NOT_GIVEN - 1,
		   "Where its registers are");
	for (i = 0; i < LOGIC_LINES; i++) {
		core->lines[i] = NOT_GIVEN;
		if (model->lines[i])
			add_number(core, model->lines[i], &core->lines[i], 0,
				   1019, "An interrupt of the logic (SPI); without it, nobody hears");
	}
	for (i = 0, option = model->options; option && option->name;
	     i++, option++) {
		core->values[i] = option->initial;
		snprintf(help, sizeof(help), "%s; %" PRIu64 " to %" PRIu64 ", without it %" PRIu64,
			 option->help, option->min, option->max,
			 option->initial);
		add_number(core, option->name, &core->values[i], option->min,
			   option->max, help);
	}
	if (model->sends) {
		qemu.object_property_add(object, "to", "str", get_text,
					 set_text, NULL, core);
		qemu.object_property_set_description(object, "to",
			"The id of the core that its stream goes to; its own is allowed");
	}
	core->next = cores;
	cores = core;
	if (is_wired)
		fprintf(stderr, "logic: %s came after the machine's start and does nothing.\n",
			model->name);
}

static void unmake(void *object)
{
	struct core **link = &cores, *core;

	while (*link && (*link)->object != object)
		link = &(*link)->next;
	core = *link;
	/* One that is in place stays: QEMU never takes it out. */
	if (!core || core->state)
		return;
	*link = core->next;
	free(core);
}

/* Registers */

/* One access of 64 bits is two of 32, as the interconnect makes of it. */
static uint32_t read_register(void *opaque, uint64_t offset, uint64_t *value,
			      unsigned int size, struct attributes attributes)
{
	struct core *core = opaque;
	uint32_t done;

	(void)attributes;
	*value = core->moves ? UINT64_MAX : 0;
	if (core->moves)
		return RESULT_OK;
	core->access = size;
	core->refuses = false;
	for (done = 0; done < size; done += 4)
		*value |= (uint64_t)core->model->read(
				  core, (uint32_t)offset + done)
			  << done * 8;
	trace_access(core, 'R', (uint32_t)offset, *value);
	return core->refuses ? RESULT_ERROR : RESULT_OK;
}

static uint32_t write_register(void *opaque, uint64_t offset, uint64_t value,
			       unsigned int size, struct attributes attributes)
{
	struct core *core = opaque;
	uint32_t done;

	(void)attributes;
	if (core->moves)
		return RESULT_OK;
	core->access = size;
	core->refuses = false;
	trace_access(core, 'W', (uint32_t)offset, value);
	for (done = 0; done < size; done += 4)
		core->model->write(core, (uint32_t)offset + done,
				   (uint32_t)(value >> done * 8));
	return core->refuses ? RESULT_ERROR : RESULT_OK;
}

static const struct region_ops register_ops = {
	.read = read_register,
	.write = write_register,
	.endianness = LITTLE_ENDIAN_REGION,
	.valid = { .min = 4, .max = 8 },
	.impl = { .min = 4, .max = 8 },
};

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		fail("no memory");
	return memory;
}

static void *new_region(const struct region_ops *ops, void *opaque,
			const char *name, uint64_t length)
{
	static const char *const types[] = { "memory-region",
					     "qemu:memory-region" };
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (qemu.object_class_by_name(types[i])) {
			void *region = allocate(
				qemu.object_type_get_instance_size(types[i]));

			qemu.memory_region_init_io(region, NULL, ops, opaque,
						   name, length);
			return region;
		}
	fail("this QEMU has no type %s.", types[0]);
}

/* What start and reset have in common. */
static void reset(void *opaque)
{
	struct core *core = opaque;
	unsigned int i;

	memset(core->state, 0, core->model->state_size);
	for (i = 0; i < LOGIC_TIMERS; i++)
		logic_stop_timer(core, i);
	for (i = 0; i < LOGIC_LINES; i++)
		logic_interrupt(core, i, false);
	if (core->model->start)
		core->model->start(core);
}

static void timer_expired(void *opaque)
{
	struct timer *timer = opaque;
	struct core *core = timer->core;

	core->model->expired(core, (unsigned int)(timer - core->timers));
}

static void connect_stream(struct core *core)
{
	char path[200];
	void *object;
	struct core *sink = cores;

	if (!core->to)
		return;
	snprintf(path, sizeof(path), "/machine/peripheral/%s", core->to);
	object = qemu.object_resolve_path(path, NULL);
	while (sink && sink->object != object)
		sink = sink->next;
	if (!object || !sink || !sink->model->receive)
		fail("%s: to=%s is no id of a core that takes a stream.",
		     core->model->name, core->to);
	if (sink->source)
		fail("%s: to=%s has a stream already.", core->model->name,
		     core->to);
	core->sink = sink;
	sink->source = core;
}

/*
 * Layouts are checked once more by use: a read and a write of a register, as
 * the guest would make them, have to arrive with their offset, size and value.
 */
struct probe {
	uint64_t offset, value;
	unsigned int size;
};

static uint32_t read_probe(void *opaque, uint64_t offset, uint64_t *value,
			   unsigned int size, struct attributes attributes)
{
	struct probe *probe = opaque;

	*probe = (struct probe){ .offset = offset, .size = size };
	*value = 0x12345678;
	return attributes.bits == 1 ? RESULT_OK : RESULT_ERROR;
}

static uint32_t write_probe(void *opaque, uint64_t offset, uint64_t value,
			    unsigned int size, struct attributes attributes)
{
	struct probe *probe = opaque;

	*probe = (struct probe){ offset, value, size };
	return attributes.bits == 1 ? RESULT_OK : RESULT_ERROR;
}

static void check_layouts(void)
{
	static struct probe probe;
	static struct region_ops ops;
	void *region;
	uint64_t value = 0;

	ops = register_ops;
	ops.read = read_probe;
	ops.write = write_probe;
	region = new_region(&ops, &probe, "probe", 0x1000);
	if (qemu.memory_region_dispatch_read(region, 0x24, &value, OPERATION_32,
					     ATTRIBUTES_UNSPECIFIED) ||
	    value != 0x12345678 || probe.offset != 0x24 || probe.size != 4 ||
	    qemu.memory_region_dispatch_write(region, 0x28, 0x9abcdef0,
					      OPERATION_32,
					      ATTRIBUTES_UNSPECIFIED) ||
	    probe.offset != 0x28 || probe.size != 4 ||
	    probe.value != 0x9abcdef0)
		fail("this QEMU calls registers in another way than the library knows.");
}

static void place(struct core *core)
{
	unsigned int i;

	core->state = allocate(core->model->state_size + 1);
	if (core->model->place) {
		core->model->place(core);
		return;
	}
	for (i = 0; i < LOGIC_LINES; i++)
		if (core->lines[i] != NOT_GIVEN)
			core->interrupts[i] = board_interrupt(core->lines[i]);
	for (i = 0; i < LOGIC_TIMERS; i++) {
		core->timers[i].core = core;
		core->timers[i].qemu_timer = allocate(TIMER_SIZE);
		qemu.timer_init_full(core->timers[i].qemu_timer, NULL,
				     VIRTUAL_CLOCK, NANOSECONDS, 0,
				     timer_expired, &core->timers[i]);
	}
	board_place(core, new_region(&register_ops, core, core->model->name,
				     core->model->length));
}

static void wire(struct notifier *notifier, void *data)
{
	struct core *core;

	(void)notifier;
	(void)data;
	is_wired = true;
	if (!cores)
		return;
	board_find();
	board_check(cores);
	check_layouts();
	trace_open();
	for (core = cores; core; core = core->next)
		connect_stream(core);
	for (core = cores; core; core = core->next)
		place(core);
	for (core = cores; core; core = core->next)
		if (!core->model->place) {
			reset(core);
			qemu.qemu_register_reset(reset, core);
		}
}

void core_register_types(void)
{
	static struct type_info types[64];
	static struct notifier notifier = { .notify = wire };
	unsigned int i;

	for (i = 0; i < model_count; i++) {
		types[i] = (struct type_info){
			.name = models[i]->name,
			.parent = "device",
			.instance_init = make,
			.instance_finalize = unmake,
		};
		qemu.type_register_static(&types[i]);
	}
	qemu.qemu_add_machine_init_done_notifier(&notifier);
}
