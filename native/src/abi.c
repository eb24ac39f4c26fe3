// SPDX-License-Identifier: MIT
/*
 * The layouts and numbers that kernels in the field speak. A header that
 * disagrees stops the build: it would talk to no kernel.
 */
#include <stddef.h>

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <linux/uio/uio.h>

#define SIZE(type, expected) \
	_Static_assert(sizeof(struct type) == (expected), #type)
#define MEMBER(type, member, offset, size)				\
	_Static_assert(offsetof(struct type, member) == (offset) &&	\
		       sizeof(((struct type *)0)->member) == (size),	\
		       #type "." #member)
#define VALUE(name, expected) \
	_Static_assert((name) == (expected), #name)

MEMBER(uio_dmabuf_args, dbuf_fd, 0, 4);
MEMBER(uio_dmabuf_args, dma_addr, 8, 8);
MEMBER(uio_dmabuf_args, size, 16, 8);
MEMBER(uio_dmabuf_args, dir, 24, 1);
SIZE(uio_dmabuf_args, 32);
VALUE(UIO_IOC_MAP_DMABUF, 0xC0205501U);
VALUE(UIO_IOC_UNMAP_DMABUF, 0xC0205502U);
VALUE(UIO_DMABUF_DIR_BIDIR, 1);
VALUE(UIO_DMABUF_DIR_TO_DEV, 2);
VALUE(UIO_DMABUF_DIR_FROM_DEV, 3);
VALUE(UIO_DMABUF_DIR_NONE, 4);

MEMBER(dma_heap_allocation_data, len, 0, 8);
MEMBER(dma_heap_allocation_data, fd, 8, 4);
MEMBER(dma_heap_allocation_data, fd_flags, 12, 4);
MEMBER(dma_heap_allocation_data, heap_flags, 16, 8);
SIZE(dma_heap_allocation_data, 24);
VALUE(DMA_HEAP_IOCTL_ALLOC, 0xC0184800U);

MEMBER(dma_buf_sync, flags, 0, 8);
SIZE(dma_buf_sync, 8);
VALUE(DMA_BUF_IOCTL_SYNC, 0x40086200U);
VALUE(DMA_BUF_SYNC_READ, 1);
VALUE(DMA_BUF_SYNC_WRITE, 2);
VALUE(DMA_BUF_SYNC_START, 0);
VALUE(DMA_BUF_SYNC_END, 4);

MEMBER(udmabuf_create, memfd, 0, 4);
MEMBER(udmabuf_create, flags, 4, 4);
MEMBER(udmabuf_create, offset, 8, 8);
MEMBER(udmabuf_create, size, 16, 8);
SIZE(udmabuf_create, 24);
VALUE(UDMABUF_CREATE, 0x40187542U);
VALUE(UDMABUF_FLAGS_CLOEXEC, 1);
