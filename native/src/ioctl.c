// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <linux/uio/uio.h>

#include "uiodmabuf.h"

static int32_t call(int32_t fd, uint32_t request, void *arg)
{
	int result;

	do {
		result = ioctl(fd, request, arg);
	} while (result < 0 && errno == EINTR);

	return result < 0 ? -errno : result;
}

int32_t uiodmabuf_map(int32_t uio_fd, int32_t dmabuf_fd, uint32_t direction,
		      uint64_t *address, uint64_t *length)
{
	struct uio_dmabuf_args args;
	int32_t result;

	if (direction > UINT8_MAX)
		return -EINVAL;

	/*
	 * An initialiser may leave the padding as it is, and kernels with the
	 * RFC's patch read dir as 32 bits.
	 */
	memset(&args, 0, sizeof(args));
	args.dbuf_fd = dmabuf_fd;
	args.dir = direction;

	result = call(uio_fd, UIO_IOC_MAP_DMABUF, &args);
	if (result < 0)
		return result;

	*address = args.dma_addr;
	*length = args.size;
	return 0;
}

int32_t uiodmabuf_unmap(int32_t uio_fd, int32_t dmabuf_fd)
{
	struct uio_dmabuf_args args;
	int32_t result;

	memset(&args, 0, sizeof(args));
	args.dbuf_fd = dmabuf_fd;

	result = call(uio_fd, UIO_IOC_UNMAP_DMABUF, &args);
	return result < 0 ? result : 0;
}

int32_t uiodmabuf_heap_alloc(int32_t heap_fd, uint64_t length,
			     uint32_t fd_flags)
{
	struct dma_heap_allocation_data data = {
		.len = length,
		.fd_flags = fd_flags,
	};
	int32_t result;

	result = call(heap_fd, DMA_HEAP_IOCTL_ALLOC, &data);
	return result < 0 ? result : (int32_t)data.fd;
}

int32_t uiodmabuf_sync(int32_t dmabuf_fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };
	int32_t result;

	do {
		result = call(dmabuf_fd, DMA_BUF_IOCTL_SYNC, &sync);
	} while (result == -EAGAIN);

	return result < 0 ? result : 0;
}

int32_t uiodmabuf_udmabuf_create(int32_t udmabuf_fd, int32_t memfd,
				 uint32_t flags, uint64_t offset, uint64_t size)
{
	struct udmabuf_create create = {
		.memfd = (uint32_t)memfd,
		.flags = flags,
		.offset = offset,
		.size = size,
	};

	return call(udmabuf_fd, UDMABUF_CREATE, &create);
}
