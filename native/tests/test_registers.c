// SPDX-License-Identifier: MIT
/* Ordinary memory in place of a device: values, and bytes beside them. */
#include <string.h>

#include "tap.h"
#include "uiodmabuf.h"

#define VALUE UINT64_C(0x8182838485868788)

static union {
	uint64_t align;
	uint8_t bytes[24];
} memory;

#define TEST_WIDTH(width)						\
static void test##width(void)						\
{									\
	uint##width##_t value = (uint##width##_t)VALUE, seen;		\
	uint8_t expected[sizeof(memory)];				\
									\
	memset(memory.bytes, 0x5A, sizeof(memory));			\
	memcpy(expected, memory.bytes, sizeof(memory));			\
	memcpy(expected + 8, &value, sizeof(value));			\
									\
	uiodmabuf_write##width(memory.bytes + 8, value);		\
	ok(!memcmp(memory.bytes, expected, sizeof(memory)),		\
	   "write" #width ": the value, and no byte beside it");	\
									\
	seen = uiodmabuf_read##width(memory.bytes + 8);			\
	ok(seen == value, "read" #width ": the value");			\
	ok(!memcmp(memory.bytes, expected, sizeof(memory)),		\
	   "read" #width ": leaves memory as it was");			\
									\
	memset(memory.bytes + 8, 0x5A, sizeof(value));			\
	uiodmabuf_write##width##_relaxed(memory.bytes + 8, value);	\
	ok(!memcmp(memory.bytes, expected, sizeof(memory)),		\
	   "write" #width "_relaxed: the value, and no byte beside it"); \
}

TEST_WIDTH(8)
TEST_WIDTH(16)
TEST_WIDTH(32)
#if UINTPTR_MAX > UINT32_MAX
TEST_WIDTH(64)
#endif

int main(void)
{
	test8();
	test16();
	test32();
#if UINTPTR_MAX > UINT32_MAX
	test64();
#endif
	return done();
}
