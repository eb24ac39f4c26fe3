/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Import of dma-bufs into a UIO device.
 *
 * The structure and the numbers are those of the boards that ship Xilinx's
 * kernel, so that programs built for them run unchanged.
 */
#ifndef _UAPI_LINUX_UIO_UIO_H
#define _UAPI_LINUX_UIO_UIO_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * enum uio_dmabuf_dir - direction of the DMA, as seen from memory
 * @UIO_DMABUF_DIR_BIDIR: the device reads and writes the buffer
 * @UIO_DMABUF_DIR_TO_DEV: the device only reads the buffer
 * @UIO_DMABUF_DIR_FROM_DEV: the device only writes the buffer
 * @UIO_DMABUF_DIR_NONE: reserved, refused with EINVAL
 */
enum uio_dmabuf_dir {
	UIO_DMABUF_DIR_BIDIR	= 1,
	UIO_DMABUF_DIR_TO_DEV	= 2,
	UIO_DMABUF_DIR_FROM_DEV	= 3,
	UIO_DMABUF_DIR_NONE	= 4,
};

/**
 * struct uio_dmabuf_args - argument of the import ioctls
 * @dbuf_fd: file descriptor of the dma-buf
 * @dma_addr: out: address at which the device reaches the buffer's first byte
 * @size: out: bytes that are mapped from @dma_addr on
 * @dir: one of &enum uio_dmabuf_dir
 *
 * Holes in the structure are ignored: existing programs leave them
 * uninitialised, the bytes behind @dir among them. The holes are not named,
 * because i386 has fewer: there the structure has 24 bytes, elsewhere 32.
 */
struct uio_dmabuf_args {
	__s32	dbuf_fd;
	__u64	dma_addr;
	__u64	size;
	__u8	dir;
};

#define UIO_IOC_BASE		'U'

/*
 * Maps a dma-buf for the device. The mapping belongs to the open file and ends
 * with UIO_IOC_UNMAP_DMABUF, the file's release or the device's removal.
 */
#define UIO_IOC_MAP_DMABUF	_IOWR(UIO_IOC_BASE, 0x1, struct uio_dmabuf_args)

/*
 * Ends the mapping of a dma-buf, named by any descriptor of it. On success the
 * structure is all zero.
 */
#define UIO_IOC_UNMAP_DMABUF	_IOWR(UIO_IOC_BASE, 0x2, struct uio_dmabuf_args)

#endif /* _UAPI_LINUX_UIO_UIO_H */
