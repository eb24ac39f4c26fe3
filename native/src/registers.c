// SPDX-License-Identifier: MIT
#include "uiodmabuf.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Registers are read in the CPU's byte order: decide what that means here"
#endif

/*
 * after_read() orders what follows behind the load, before_write() orders what
 * precedes before the store. A device is outside the CPUs' inner shareable
 * domain, so on ARM the barriers are outer-shareable, as in the kernel.
 */
#if defined(__x86_64__)

/*
 * The CPU keeps uncached accesses in program order, and performs a store, cached
 * or not, after all earlier ones. Only the compiler could reorder here.
 */
#define after_read(value)	__asm__ volatile("" : : "r" (value) : "memory")
#define before_write()		__asm__ volatile("" : : : "memory")

#elif defined(__aarch64__)

/*
 * No barrier orders the read before a delay loop; a branch that depends on the
 * value does, together with the isb that reading the system counter involves.
 */
#define after_read(value)						\
do {									\
	uint64_t zero;							\
	__asm__ volatile("dmb oshld\n\t"				\
			 "eor %0, %1, %1\n\t"				\
			 "cbnz %0, ."					\
			 : "=r" (zero) : "r" ((uint64_t)(value))	\
			 : "memory");					\
} while (0)
#define before_write()		__asm__ volatile("dmb oshst" : : : "memory")

#elif defined(__arm__) && __ARM_ARCH >= 7

/*
 * ARMv7 has no load-only barrier, and dsb, unlike dmb, also holds back a delay
 * loop. Where an outer cache sits behind the CPUs (PL310), the kernel's writel()
 * drains its write buffer as well; user space has no way to.
 */
#define after_read(value)						\
	__asm__ volatile("dsb osh" : : "r" (value) : "memory")
#define before_write()		__asm__ volatile("dmb oshst" : : : "memory")

#else
#error "No register access for this architecture: add its readl()/writel() order"
#endif

#define REGISTER_ACCESS(width)						\
uint##width##_t uiodmabuf_read##width(const volatile void *address)	\
{									\
	uint##width##_t value = *(const volatile uint##width##_t *)address; \
									\
	after_read(value);						\
	return value;							\
}									\
									\
void uiodmabuf_write##width(volatile void *address, uint##width##_t value) \
{									\
	before_write();							\
	*(volatile uint##width##_t *)address = value;			\
}									\
									\
void uiodmabuf_write##width##_relaxed(volatile void *address,		\
				      uint##width##_t value)		\
{									\
	*(volatile uint##width##_t *)address = value;			\
}

REGISTER_ACCESS(8)
REGISTER_ACCESS(16)
REGISTER_ACCESS(32)
#if UINTPTR_MAX > UINT32_MAX
REGISTER_ACCESS(64)
#endif
