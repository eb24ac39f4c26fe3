// SPDX-License-Identifier: MIT
/*
 * How we get into QEMU: preloaded, we put a function of ours among those with
 * which it registers its types. In every other process nothing happens.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core.h"
#include "qemu.h"

struct qemu qemu;

void fail(const char *format, ...)
{
	va_list arguments;

	fputs("logic: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static void *find(const char *name)
{
	void *symbol = dlsym(RTLD_DEFAULT, name);

	if (!symbol)
		fail("this QEMU has no symbol %s. The library knows QEMU %d.%d as Debian 12 builds it.",
		     name, QEMU_MAJOR, QEMU_MINOR);
	return symbol;
}

static void register_types(void)
{
	const struct version *version;

#define F(type, name, parameters) *(void **)&qemu.name = find(#name);
	QEMU_FUNCTIONS(F)
#undef F
	qemu.address_space_memory = find("address_space_memory");

	/* Layouts are those of one release: refused before any is used. */
	version = qemu.qmp_query_version(NULL);
	if (version->qemu->major != QEMU_MAJOR ||
	    version->qemu->minor != QEMU_MINOR)
		fail("this is QEMU %d.%d, and the library knows %d.%d.",
		     (int)version->qemu->major, (int)version->qemu->minor,
		     QEMU_MAJOR, QEMU_MINOR);
	core_register_types();
}

__attribute__((constructor)) static void enter(void)
{
	void (*register_module_init)(void (*)(void), int);

	/* Its tools have the first of these, its emulators both. */
	*(void **)&register_module_init =
		dlsym(RTLD_DEFAULT, "register_module_init");
	if (register_module_init && dlsym(RTLD_DEFAULT, "qemu_init"))
		register_module_init(register_types, MODULE_INIT_QOM);
}
