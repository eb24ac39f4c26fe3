// SPDX-License-Identifier: MIT
/*
 * What C pays for what the library does: the same system calls in the same
 * order, timed from inside. Times are in nanoseconds.
 */
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/uio/uio.h>

#define EDU_SIZE	0x1000
#define EDU_RAISE	(0x60 / sizeof(uint32_t))

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* What reading the clock adds to each of these. */
int64_t cost_clock(void)
{
	int64_t start = now();

	return now() - start;
}

/* Imports a buffer and releases it, this many times; a negative result is a failure. */
int64_t cost_import(int uio, int dmabuf, int rounds)
{
	int64_t start = now();
	int i;

	for (i = 0; i < rounds; i++) {
		struct uio_dmabuf_attach attach = {
			.size = sizeof(attach),
			.fd = dmabuf,
			.direction = UIO_DMABUF_DIR_TO_DEV,
		};
		struct uio_dmabuf_detach detach = { .size = sizeof(detach) };

		if (ioctl(uio, UIO_IOC_DMABUF_ATTACH, &attach))
			return -1;

		detach.handle = attach.handle;
		if (ioctl(uio, UIO_IOC_DMABUF_DETACH, &detach))
			return -1;
	}
	return now() - start;
}

/* Raises an interrupt of QEMU's edu device and waits for it. */
int64_t cost_wait(int uio, int wake)
{
	struct pollfd fds[] = {
		{ .fd = uio, .events = POLLIN },
		{ .fd = wake, .events = POLLIN },
	};
	struct timespec limit = { .tv_sec = 1 };
	volatile uint32_t *registers;
	int64_t start, result = -1;
	uint32_t count;

	registers = mmap(NULL, EDU_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 uio, 0);
	if (registers == MAP_FAILED)
		return -1;

	(void)registers[EDU_RAISE]; /* the page fault is not the wait's */
	start = now();
	registers[EDU_RAISE] = 1;
	if (ppoll(fds, 2, &limit, NULL) == 1 &&
	    read(uio, &count, sizeof(count)) == sizeof(count))
		result = now() - start;

	munmap((void *)registers, EDU_SIZE);
	return result;
}
