/* SPDX-License-Identifier: MIT */
/*
 * What we use of QEMU 7.2. Debian's exports its functions, since it loads
 * modules; its headers are not installed. So these are declarations of our
 * own, and whoever changes one checks it against that release's source.
 */
#ifndef QEMU_H
#define QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_MAJOR 7
#define QEMU_MINOR 2

typedef void property_accessor(void *object, void *visitor, const char *name,
			       void *opaque, void **error);
typedef void property_release(void *object, const char *name, void *opaque);

/* qom/object.h, TypeInfo */
struct type_info {
	const char *name;
	const char *parent;
	size_t instance_size, instance_align;
	void (*instance_init)(void *object);
	void (*instance_post_init)(void *object);
	void (*instance_finalize)(void *object);
	bool abstract;
	size_t class_size;
	void (*class_init)(void *class, void *data);
	void (*class_base_init)(void *class, void *data);
	void *class_data;
	void *interfaces;
};

/* exec/memattrs.h, MemTxAttrs: bits in one word; this is the first. */
struct attributes {
	uint32_t bits;
};
#define ATTRIBUTES_UNSPECIFIED ((struct attributes){ 1 })

/* exec/memory.h, MemoryRegionOps */
struct region_ops {
	void *read_without_attributes, *write_without_attributes;
	uint32_t (*read)(void *opaque, uint64_t offset, uint64_t *value,
			 unsigned int size, struct attributes attributes);
	uint32_t (*write)(void *opaque, uint64_t offset, uint64_t value,
			  unsigned int size, struct attributes attributes);
	int endianness;
	struct {
		unsigned int min, max;
		bool unaligned;
		void *accepts;
	} valid;
	struct {
		unsigned int min, max;
		bool unaligned;
	} impl;
};
#define LITTLE_ENDIAN_REGION 2

/* exec/memop.h: 32 bits, little-endian */
#define OPERATION_32 2
/* MemTxResult */
#define RESULT_OK 0
#define RESULT_ERROR 1
#define RESULT_DECODE_ERROR 2

/* qemu/notify.h, Notifier */
struct notifier {
	void (*notify)(struct notifier *notifier, void *data);
	void *next, **previous;
};

/* qapi-types-misc.h, VersionInfo */
struct version {
	struct {
		int64_t major, minor, micro;
	} *qemu;
	char *package;
};

#define MODULE_INIT_QOM 3
#define VIRTUAL_CLOCK 1
#define NANOSECONDS 1
/* A QEMUTimer is smaller; it is no object, so nobody can be asked. */
#define TIMER_SIZE 256

/* F(what it returns, its name, its parameters) */
#define QEMU_FUNCTIONS(F)						\
	F(struct version *, qmp_query_version, (void **))		\
	F(void *, type_register_static, (const struct type_info *))	\
	F(void, qemu_add_machine_init_done_notifier, (struct notifier *)) \
	F(void, qemu_register_reset, (void (*)(void *), void *))	\
	F(void, error_setg_internal, (void **, const char *, int,	\
	  const char *, const char *, ...))				\
	F(const char *, error_get_pretty, (const void *))		\
	F(bool, visit_type_uint64, (void *, const char *, uint64_t *,	\
	  void **))							\
	F(bool, visit_type_str, (void *, const char *, char **, void **)) \
	F(void *, object_property_add, (void *, const char *,		\
	  const char *, property_accessor *, property_accessor *,	\
	  property_release *, void *))					\
	F(void, object_property_set_description, (void *, const char *,	\
	  const char *))						\
	F(void *, object_property_get_link, (void *, const char *, void **)) \
	F(bool, object_property_set_link, (void *, const char *, void *, \
	  void **))							\
	F(bool, object_property_set_uint, (void *, const char *, uint64_t, \
	  void **))							\
	F(void *, object_property_add_child, (void *, const char *, void *)) \
	F(void *, object_resolve_path, (const char *, bool *))		\
	F(const char *, object_get_typename, (const void *))		\
	F(void *, object_class_by_name, (const char *))			\
	F(size_t, object_type_get_instance_size, (const char *))	\
	F(void *, qdev_new, (const char *))				\
	F(void *, qdev_get_gpio_in, (void *, int))			\
	F(bool, sysbus_realize_and_unref, (void *, void **))		\
	F(void *, sysbus_mmio_get_region, (void *, int))		\
	F(void, sysbus_connect_irq, (void *, int, void *))		\
	F(void, qemu_set_irq, (void *, int))				\
	F(void *, get_system_memory, (void))				\
	F(void, memory_region_init_io, (void *, void *,			\
	  const struct region_ops *, void *, const char *, uint64_t))	\
	F(void, memory_region_add_subregion, (void *, uint64_t, void *)) \
	F(uint32_t, memory_region_dispatch_read, (void *, uint64_t,	\
	  uint64_t *, int, struct attributes))				\
	F(uint32_t, memory_region_dispatch_write, (void *, uint64_t,	\
	  uint64_t, int, struct attributes))				\
	F(uint32_t, address_space_rw, (void *, uint64_t,		\
	  struct attributes, void *, uint64_t, bool))			\
	F(void, timer_init_full, (void *, void *, int, int, int,	\
	  void (*)(void *), void *))					\
	F(void, timer_mod_ns, (void *, int64_t))			\
	F(void, timer_del, (void *))					\
	F(int64_t, qemu_clock_get_ns, (int))

#define F(type, name, parameters) type (*name) parameters;
struct qemu {
	QEMU_FUNCTIONS(F)
	/* A variable; its members are QEMU's own. */
	void *address_space_memory;
};
#undef F

extern struct qemu qemu;

/* Ends QEMU with a sentence: before the guest runs, and never later. */
__attribute__((noreturn, format(printf, 1, 2)))
void fail(const char *format, ...);

#endif /* QEMU_H */
