// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __x86_64__

/* ioctl of i386: its gate is open to programs of 64 bits as well. */
static int32_t ioctl_i386(int32_t fd, uint32_t command, uint32_t argument)
{
	int32_t result;

	__asm__ volatile("int $0x80" : "=a" (result)
			 : "0" (54), "b" (fd), "c" (command), "d" (argument)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/*
 * An ioctl as a program for i386 makes it, whose pointers have 32 bits. Returns
 * what the kernel does: a negative errno on failure.
 */
int32_t compat_ioctl(int32_t fd, uint32_t command, void *argument, uint32_t size)
{
	int32_t result;
	void *low;

	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return -errno;

	memcpy(low, argument, size);
	result = ioctl_i386(fd, command, (uintptr_t)low);
	memcpy(argument, low, size);
	munmap(low, 4096);
	return result;
}

#else

int32_t compat_ioctl(int32_t fd, uint32_t command, void *argument, uint32_t size)
{
	(void)fd, (void)command, (void)argument, (void)size;
	return -ENOSYS;
}

#endif
