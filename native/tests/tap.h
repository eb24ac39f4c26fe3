/* SPDX-License-Identifier: MIT */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 2, 3)))
static inline bool ok(bool passed, const char *format, ...)
{
	va_list arguments;

	tap_failures += !passed;
	printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	return passed;
}

static inline bool same(int64_t actual, int64_t expected, const char *name)
{
	bool passed = ok(actual == expected, "%s", name);

	if (!passed)
		printf("# expected %lld (0x%llx), got %lld (0x%llx)\n",
		       (long long)expected, (long long)expected,
		       (long long)actual, (long long)actual);
	return passed;
}

static inline void skip(const char *name, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, name, reason);
}

/* A test that cannot be set up has not passed. */
static inline void bail_out(const char *what)
{
	printf("Bail out! ");
	fflush(stdout);
	perror(what);
	exit(EXIT_FAILURE);
}

static inline int done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures || !tap_count ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif /* TAP_H */
