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

int32_t uiodmabuf_query(int32_t uio_fd, struct uio_query *query)
{
	struct uio_query args;
	int32_t result;

	memset(&args, 0, sizeof(args));
	args.size = sizeof(args);

	result = call(uio_fd, UIO_IOC_QUERY, &args);
	if (result < 0)
		return result;

	*query = args;
	return 0;
}

int32_t uiodmabuf_attach(int32_t uio_fd, int32_t dmabuf_fd, uint32_t direction,
			 uint32_t *handle, uint32_t *nr_ranges,
			 uint64_t *length)
{
	struct uio_dmabuf_attach args = {
		.size = sizeof(args),
		.fd = dmabuf_fd,
		.direction = direction,
	};
	int32_t result;

	result = call(uio_fd, UIO_IOC_DMABUF_ATTACH, &args);
	if (result < 0)
		return result;

	*handle = args.handle;
	*nr_ranges = args.nr_ranges;
	*length = args.length;
	return 0;
}

int32_t uiodmabuf_detach(int32_t uio_fd, uint32_t handle)
{
	struct uio_dmabuf_detach args = {
		.size = sizeof(args),
		.handle = handle,
	};
	int32_t result;

	result = call(uio_fd, UIO_IOC_DMABUF_DETACH, &args);
	return result < 0 ? result : 0;
}

int32_t uiodmabuf_ranges(int32_t uio_fd, uint32_t handle, uint32_t first,
			 struct uio_dmabuf_range *ranges, uint32_t count)
{
	struct uio_dmabuf_ranges args = {
		.size = sizeof(args),
		.handle = handle,
		.first = first,
		.ranges = (uintptr_t)ranges,
		.count = count,
	};
	int32_t result;

	result = call(uio_fd, UIO_IOC_DMABUF_RANGES, &args);
	return result < 0 ? result : (int32_t)args.count;
}

int32_t uiodmabuf_write_address(int32_t uio_fd,
				const struct uio_dmabuf_write_address *write)
{
	struct uio_dmabuf_write_address args = *write;
	int32_t result;

	args.size = sizeof(args);
	result = call(uio_fd, UIO_IOC_DMABUF_WRITE_ADDRESS, &args);
	return result < 0 ? result : 0;
}

int32_t uiodmabuf_set_quiesce(int32_t uio_fd, const struct uio_quiesce_op *ops,
			      uint32_t count)
{
	struct uio_set_quiesce args = {
		.size = sizeof(args),
		.ops = count ? (uintptr_t)ops : 0,
		.count = count,
		.op_size = count ? sizeof(*ops) : 0,
	};
	int32_t result;

	result = call(uio_fd, UIO_IOC_SET_QUIESCE, &args);
	return result < 0 ? result : 0;
}

int32_t uiodmabuf_claim(int32_t uio_fd)
{
	struct uio_claim args = { .size = sizeof(args) };
	int32_t result;

	result = call(uio_fd, UIO_IOC_CLAIM, &args);
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

int32_t uiodmabuf_set_name(int32_t dmabuf_fd, const char *name)
{
	/* The kernel reads the name and nothing else of it. */
	return call(dmabuf_fd, DMA_BUF_SET_NAME_B, (void *)(uintptr_t)name);
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
