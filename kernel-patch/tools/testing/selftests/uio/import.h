/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of UIO have in common: calls, as the kernel answers them. */
#ifndef SELFTESTS_UIO_IMPORT_H
#define SELFTESTS_UIO_IMPORT_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dma-heap.h>
#include <linux/uio/uio.h>

/* Of an ioctl, as the kernel gives it: 0, or a negative errno. */
static inline int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

/* A buffer of the system heap. */
static inline int allocate(size_t length)
{
	struct dma_heap_allocation_data data = {
		.len = length,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	int heap, ret;

	heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
	if (heap < 0)
		return -errno;

	ret = call(heap, DMA_HEAP_IOCTL_ALLOC, &data);
	close(heap);
	return ret ? ret : (int)data.fd;
}

static inline int detach(int uio, uint32_t handle)
{
	struct uio_dmabuf_detach arg = {
		.size = sizeof(arg),
		.handle = handle,
	};

	return call(uio, UIO_IOC_DMABUF_DETACH, &arg);
}

#endif
