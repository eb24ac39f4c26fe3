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

SIZE(uio_query, 48);
MEMBER(uio_query, features, 8, 8);
MEMBER(uio_query, translation, 16, 4);
MEMBER(uio_query, address_bits, 20, 4);
MEMBER(uio_query, max_mappings, 24, 8);
MEMBER(uio_query, max_bytes, 32, 8);
MEMBER(uio_query, max_quiesce_ops, 40, 4);
MEMBER(uio_query, max_quiesce_us, 44, 4);
VALUE(UIO_IOC_QUERY, 0x5900);
VALUE(UIO_FEATURE_DMABUF, 1);
VALUE(UIO_FEATURE_ADDRESSES, 2);
VALUE(UIO_FEATURE_WRITE_ADDRESS, 4);
VALUE(UIO_FEATURE_QUIESCE, 8);
VALUE(UIO_FEATURE_CLAIM, 16);
VALUE(UIO_TRANSLATION_NONE, 0);
VALUE(UIO_TRANSLATION_IDENTITY, 1);
VALUE(UIO_TRANSLATION_LAZY, 2);
VALUE(UIO_TRANSLATION_STRICT, 3);

SIZE(uio_dmabuf_attach, 32);
MEMBER(uio_dmabuf_attach, fd, 8, 4);
MEMBER(uio_dmabuf_attach, handle, 16, 4);
MEMBER(uio_dmabuf_attach, length, 24, 8);
VALUE(UIO_IOC_DMABUF_ATTACH, 0x5901);
VALUE(UIO_DMABUF_BOUNCED, 1);

SIZE(uio_dmabuf_detach, 16);
MEMBER(uio_dmabuf_detach, handle, 8, 4);
VALUE(UIO_IOC_DMABUF_DETACH, 0x5902);

SIZE(uio_dmabuf_range, 16);
MEMBER(uio_dmabuf_range, address, 0, 8);
MEMBER(uio_dmabuf_range, length, 8, 8);
SIZE(uio_dmabuf_ranges, 32);
MEMBER(uio_dmabuf_ranges, first, 12, 4);
MEMBER(uio_dmabuf_ranges, ranges, 16, 8);
MEMBER(uio_dmabuf_ranges, count, 24, 4);
VALUE(UIO_IOC_DMABUF_RANGES, 0x5903);

SIZE(uio_dmabuf_write_address, 56);
MEMBER(uio_dmabuf_write_address, flags, 4, 4);
MEMBER(uio_dmabuf_write_address, handle, 8, 4);
MEMBER(uio_dmabuf_write_address, map, 12, 4);
MEMBER(uio_dmabuf_write_address, offset, 16, 8);
MEMBER(uio_dmabuf_write_address, length, 24, 8);
MEMBER(uio_dmabuf_write_address, reg, 32, 8);
MEMBER(uio_dmabuf_write_address, reg_high, 40, 8);
MEMBER(uio_dmabuf_write_address, format, 48, 4);
VALUE(UIO_IOC_DMABUF_WRITE_ADDRESS, 0x5904);
VALUE(UIO_ADDRESS_32, 1);
VALUE(UIO_ADDRESS_64, 2);
VALUE(UIO_ADDRESS_PAIR, 3);
VALUE(UIO_ADDRESS_BIG_ENDIAN, 1);
VALUE(UIO_ADDRESS_HIGH_FIRST, 2);

SIZE(uio_quiesce_op, 48);
MEMBER(uio_quiesce_op, kind, 0, 4);
MEMBER(uio_quiesce_op, flags, 4, 4);
MEMBER(uio_quiesce_op, map, 8, 4);
MEMBER(uio_quiesce_op, width, 12, 4);
MEMBER(uio_quiesce_op, reg, 16, 8);
MEMBER(uio_quiesce_op, mask, 24, 8);
MEMBER(uio_quiesce_op, value, 32, 8);
MEMBER(uio_quiesce_op, timeout_us, 40, 4);
SIZE(uio_set_quiesce, 24);
MEMBER(uio_set_quiesce, op_size, 20, 4);
VALUE(UIO_IOC_SET_QUIESCE, 0x5905);
VALUE(UIO_QUIESCE_WRITE, 1);
VALUE(UIO_QUIESCE_MODIFY, 2);
VALUE(UIO_QUIESCE_POLL, 3);
VALUE(UIO_QUIESCE_BIG_ENDIAN, 1);
VALUE(UIO_QUIESCE_DIFFER, 2);

SIZE(uio_claim, 8);
MEMBER(uio_claim, flags, 4, 4);
VALUE(UIO_IOC_CLAIM, 0x5906);

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
