/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Import of dma-bufs into a UIO device.
 *
 * Each argument starts with its size, as the program was compiled with it. A
 * kernel takes one that is longer than what it knows when the rest is zero,
 * and one of an older program as if the rest were zero. One that is shorter
 * than in the first version of this file is EINVAL. Flags and reserved members
 * are zero.
 *
 * Besides the errors that are listed: E2BIG, when what the kernel does not know
 * is not zero, or a size is more than a page; EFAULT; EINTR, when a signal came
 * while the ioctl waited; ENOMEM.
 */
#ifndef _UAPI_LINUX_UIO_UIO_H
#define _UAPI_LINUX_UIO_UIO_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Not 'U': sound, uinput, usbdevice_fs and hci_uart share that one. */
#define UIO_IOC_TYPE	'Y'

/**
 * enum uio_feature - what the kernel and the device can do, as bits
 * @UIO_FEATURE_DMABUF: dma-bufs can be attached
 * @UIO_FEATURE_ADDRESSES: the kernel tells bus addresses: UIO_IOC_DMABUF_RANGES
 * @UIO_FEATURE_WRITE_ADDRESS: it writes them into registers:
 *	UIO_IOC_DMABUF_WRITE_ADDRESS
 * @UIO_FEATURE_QUIESCE: it stops the device when a file is released:
 *	UIO_IOC_SET_QUIESCE
 * @UIO_FEATURE_CLAIM: one open file can have the device: UIO_IOC_CLAIM
 */
enum uio_feature {
	UIO_FEATURE_DMABUF		= 1 << 0,
	UIO_FEATURE_ADDRESSES		= 1 << 1,
	UIO_FEATURE_WRITE_ADDRESS	= 1 << 2,
	UIO_FEATURE_QUIESCE		= 1 << 3,
	UIO_FEATURE_CLAIM		= 1 << 4,
};

/**
 * enum uio_translation - what stands between the device and memory
 * @UIO_TRANSLATION_NONE: nothing, as far as the kernel knows
 * @UIO_TRANSLATION_IDENTITY: an IOMMU that lets everything through
 * @UIO_TRANSLATION_LAZY: as STRICT, but the device reaches what was unmapped
 *	until the IOMMU is flushed
 * @UIO_TRANSLATION_STRICT: an IOMMU: the device reaches what is attached, what
 *	is mapped for the other devices of its IOMMU group, what firmware
 *	reserved for it, and, without interrupt remapping, the addresses that
 *	raise interrupts
 */
enum uio_translation {
	UIO_TRANSLATION_NONE		= 0,
	UIO_TRANSLATION_IDENTITY	= 1,
	UIO_TRANSLATION_LAZY		= 2,
	UIO_TRANSLATION_STRICT		= 3,
};

/**
 * struct uio_query - argument of UIO_IOC_QUERY
 * @size: size of this structure
 * @flags: 0
 * @features: out: bits of &enum uio_feature
 * @translation: out: one of &enum uio_translation, NONE if it cannot do DMA
 * @address_bits: out: width of the device's DMA mask, 0 if it cannot do DMA
 * @max_mappings: out: how many dma-bufs may be attached to the device at once
 * @max_bytes: out: how many bytes they may have together
 * @max_quiesce_ops: out: how long a quiesce program may be
 * @max_quiesce_us: out: how long its polls may take together
 */
struct uio_query {
	__u32		size;
	__u32		flags;
	__aligned_u64	features;
	__u32		translation;
	__u32		address_bits;
	__aligned_u64	max_mappings;
	__aligned_u64	max_bytes;
	__u32		max_quiesce_ops;
	__u32		max_quiesce_us;
};

/*
 * Tells what this kernel can do for the device. A member that the kernel does
 * not fill in is 0.
 *
 * Errors: EFAULT; EINVAL: @size is too short, or @flags is not 0; ENODEV: the
 * device was unregistered; ENOTTY: a kernel without CONFIG_UIO_DMABUF.
 */
#define UIO_IOC_QUERY		_IO(UIO_IOC_TYPE, 0x00)

/**
 * enum uio_dmabuf_dir - who reads and who writes
 * @UIO_DMABUF_DIR_BIDIR: the device reads and writes the buffer
 * @UIO_DMABUF_DIR_TO_DEV: the device only reads the buffer
 * @UIO_DMABUF_DIR_FROM_DEV: the device only writes the buffer
 * @UIO_DMABUF_DIR_NONE: has a number on the boards and is refused with EINVAL
 */
enum uio_dmabuf_dir {
	UIO_DMABUF_DIR_BIDIR	= 1,
	UIO_DMABUF_DIR_TO_DEV	= 2,
	UIO_DMABUF_DIR_FROM_DEV	= 3,
	UIO_DMABUF_DIR_NONE	= 4,
};

/*
 * The device gets a copy of the buffer, made by DMA_BUF_IOCTL_SYNC: all DMA of
 * the device is bounced (swiotlb=force, restricted-dma-pool).
 */
#define UIO_DMABUF_BOUNCED	(1 << 0)

/**
 * struct uio_dmabuf_attach - argument of UIO_IOC_DMABUF_ATTACH
 * @size: size of this structure
 * @flags: in: 0; out: UIO_DMABUF_BOUNCED
 * @fd: file descriptor of the dma-buf
 * @direction: one of &enum uio_dmabuf_dir
 * @handle: out: names the mapping in this open file, never 0
 * @nr_ranges: out: how many ranges of bus addresses the buffer has
 * @length: out: bytes that are mapped
 */
struct uio_dmabuf_attach {
	__u32		size;
	__u32		flags;
	__s32		fd;
	__u32		direction;
	__u32		handle;
	__u32		nr_ranges;
	__aligned_u64	length;
};

/*
 * Attaches a dma-buf to the device and maps it. The mapping belongs to the open
 * file: not to the process, and not to @fd, which may be closed. It ends with
 * UIO_IOC_DMABUF_DETACH, the file's release or the device's unregistration. A
 * file is released when its last descriptor is closed and the last map of its
 * registers is gone.
 *
 * Without an IOMMU nothing makes the device keep to @direction.
 *
 * Errors: EACCES: the device is to write, and the device file or the dma-buf's
 * was opened for reading only; or it is to read, and the dma-buf's was opened
 * for writing only; EBADF: @fd is not open; EBUSY: the buffer is attached in
 * this file, another file has claimed the device, or the device did not stop
 * writing into buffers of a file that was released; EINVAL: @fd is no dma-buf,
 * or an argument is out of range; ENODEV: the device was unregistered; ENOMEM:
 * the bytes attached would be too many; ENOSPC: the mappings would be too many;
 * EOPNOTSUPP: the device cannot do DMA, or another driver has it; EPERM: no
 * IOMMU keeps the device to what is attached, see below, and the caller lacks
 * CAP_SYS_RAWIO; ERANGE: the device does not reach the buffer, see below.
 * Others are the exporter's.
 *
 * CAP_SYS_RAWIO is not needed behind strict translation, in an IOMMU group where
 * no other device is: the device's access ends before the memory is somebody
 * else's. Behind lazy translation it ends with the mapping, too, but some
 * exporters have let the memory go by then. Write "DMA" to the group's type,
 * with the driver unbound: /sys/kernel/iommu_groups/N/type.
 *
 * Without an IOMMU a device reaches what its DMA mask and its bus let through.
 * What lies beyond would be copied for each transfer, and is ERANGE. So is any
 * buffer when the kernel cannot tell: beside memory that the device does not
 * reach, when its DMA mask has less than 32 bits or there is no swiotlb. A mask
 * that is too narrow is raised in /sys/class/uio/uioN/dmabuf/dma_mask_bits;
 * memory that lies low enough for one of 32 bits comes from a CMA heap in low
 * memory.
 */
#define UIO_IOC_DMABUF_ATTACH	_IO(UIO_IOC_TYPE, 0x01)

/**
 * struct uio_dmabuf_detach - argument of UIO_IOC_DMABUF_DETACH
 * @size: size of this structure
 * @flags: 0
 * @handle: the mapping
 * @__reserved: 0
 */
struct uio_dmabuf_detach {
	__u32		size;
	__u32		flags;
	__u32		handle;
	__u32		__reserved;
};

/*
 * Ends a mapping, and with it the device's access, also behind lazy translation.
 *
 * Errors: EINVAL; ENODEV: the device was unregistered, which ended the mapping;
 * ENOENT: there is no such handle in this open file.
 */
#define UIO_IOC_DMABUF_DETACH	_IO(UIO_IOC_TYPE, 0x02)

/**
 * struct uio_dmabuf_range - where the device reaches a part of a buffer
 * @address: bus address of its first byte
 * @length: in bytes
 */
struct uio_dmabuf_range {
	__aligned_u64	address;
	__aligned_u64	length;
};

/**
 * struct uio_dmabuf_ranges - argument of UIO_IOC_DMABUF_RANGES
 * @size: size of this structure
 * @flags: 0
 * @handle: the mapping
 * @first: index of the first range to be told
 * @ranges: address of an array of &struct uio_dmabuf_range
 * @count: in: how many fit into @ranges; out: how many were stored there
 * @total: out: how many there are
 */
struct uio_dmabuf_ranges {
	__u32		size;
	__u32		flags;
	__u32		handle;
	__u32		first;
	__aligned_u64	ranges;
	__u32		count;
	__u32		total;
};

/*
 * Tells bus addresses, in the order of the buffer's bytes. Two ranges that
 * follow each other never touch. A call may store less than was asked for;
 * ask for the rest with another one. The addresses are good for as long as the
 * mapping: another open file of the device does not keep it.
 *
 * Errors: EFAULT; EINVAL; ENODEV; ENOENT; ENOTTY: a kernel without
 * CONFIG_UIO_DMABUF_ADDRESSES.
 */
#define UIO_IOC_DMABUF_RANGES	_IO(UIO_IOC_TYPE, 0x03)

/**
 * enum uio_address_format - registers that take a bus address
 * @UIO_ADDRESS_32: one register of 32 bits
 * @UIO_ADDRESS_64: one register of 64 bits, written at once; EINVAL in a kernel
 *	of 32 bits
 * @UIO_ADDRESS_PAIR: two registers of 32 bits
 */
enum uio_address_format {
	UIO_ADDRESS_32		= 1,
	UIO_ADDRESS_64		= 2,
	UIO_ADDRESS_PAIR	= 3,
};

/* The registers are big endian. */
#define UIO_ADDRESS_BIG_ENDIAN	(1 << 0)
/* Of a pair, the upper half is written first. */
#define UIO_ADDRESS_HIGH_FIRST	(1 << 1)

/**
 * struct uio_dmabuf_write_address - argument of UIO_IOC_DMABUF_WRITE_ADDRESS
 * @size: size of this structure
 * @flags: UIO_ADDRESS_BIG_ENDIAN, UIO_ADDRESS_HIGH_FIRST
 * @handle: the mapping
 * @map: index of the UIO map with the registers
 * @offset: byte of the buffer whose bus address is written
 * @length: how many bytes from there on the device has to reach in one piece
 * @reg: offset of the register, or of the lower half, in what mmap() of the map
 *	gives
 * @reg_high: offset of the upper half of a pair, otherwise 0
 * @format: one of &enum uio_address_format
 * @__reserved: 0
 */
struct uio_dmabuf_write_address {
	__u32		size;
	__u32		flags;
	__u32		handle;
	__u32		map;
	__aligned_u64	offset;
	__aligned_u64	length;
	__aligned_u64	reg;
	__aligned_u64	reg_high;
	__u32		format;
	__u32		__reserved;
};

/*
 * Writes a bus address into the device's registers, after earlier writes to
 * memory. It makes a program independent of addresses, it does not hide them:
 * who maps the registers can read them. Nor does the end of the mapping clear
 * the registers. The access is the kernel's, see UIO_IOC_SET_QUIESCE.
 *
 * Errors: E2BIG: the buffer is not in one piece for so long; EACCES: the device
 * file was opened for reading only; EINVAL: an argument is out of range, or not
 * aligned to the width; ENODEV; ENOENT: there is no such handle; EOPNOTSUPP:
 * the map is not one of physical registers, or is memory; ERANGE: the address
 * needs more than the register's 32 bits.
 */
#define UIO_IOC_DMABUF_WRITE_ADDRESS	_IO(UIO_IOC_TYPE, 0x04)

/**
 * enum uio_quiesce_kind - what an operation of a quiesce program does
 * @UIO_QUIESCE_WRITE: writes @value
 * @UIO_QUIESCE_MODIFY: reads, changes the bits in @mask to those of @value,
 *	writes
 * @UIO_QUIESCE_POLL: reads until the bits in @mask are those of @value, or
 *	with UIO_QUIESCE_DIFFER are not, for @timeout_us at most
 *
 * All ones, read from a PCI device, mean that it is gone or asleep. That is
 * never what a poll awaits, and a modification fails.
 */
enum uio_quiesce_kind {
	UIO_QUIESCE_WRITE	= 1,
	UIO_QUIESCE_MODIFY	= 2,
	UIO_QUIESCE_POLL	= 3,
};

/* The register is big endian. */
#define UIO_QUIESCE_BIG_ENDIAN	(1 << 0)
/* A poll is for any other value: a field may have several that mean quiet. */
#define UIO_QUIESCE_DIFFER	(1 << 1)

/**
 * struct uio_quiesce_op - one operation on a register
 * @kind: one of &enum uio_quiesce_kind
 * @flags: UIO_QUIESCE_BIG_ENDIAN, and for POLL UIO_QUIESCE_DIFFER
 * @map: index of the UIO map with the register
 * @width: of the register in bits: 8, 16, 32 or, in a kernel of 64 bits, 64
 * @reg: offset of the register in what mmap() of the map gives
 * @mask: for MODIFY and POLL, otherwise 0
 * @value: the bits to write, or to wait for
 * @timeout_us: for POLL, in microseconds, otherwise 0
 * @__reserved: 0
 */
struct uio_quiesce_op {
	__u32		kind;
	__u32		flags;
	__u32		map;
	__u32		width;
	__aligned_u64	reg;
	__aligned_u64	mask;
	__aligned_u64	value;
	__u32		timeout_us;
	__u32		__reserved;
};

/**
 * struct uio_set_quiesce - argument of UIO_IOC_SET_QUIESCE
 * @size: size of this structure
 * @flags: 0
 * @ops: address of an array of &struct uio_quiesce_op
 * @count: how many there are; if @ops and @op_size are 0, too, the program of
 *	the file is removed
 * @op_size: size of one of them
 */
struct uio_set_quiesce {
	__u32		size;
	__u32		flags;
	__aligned_u64	ops;
	__u32		count;
	__u32		op_size;
};

/*
 * Gives the open file a program that stops the device, in place of an earlier
 * one. The kernel runs it when the file is released, or the device is
 * unregistered, with mappings of the file: for everybody who has the device
 * open. When a poll runs out of time, the buffers stay mapped and attached until
 * the device has stopped, or is unregistered behind an IOMMU. Nothing else is
 * attached meanwhile. The kernel runs the program again from time to time while
 * nobody has the device open; while somebody has, it only makes the last reads,
 * as it does at each try to attach.
 *
 * The last operation is a poll. A write may be on its way still when the program
 * is over, and a device that has not got it yet would be taken for quiet.
 *
 * One program runs at a time, of all that are for one device.
 *
 * The accesses are the kernel's. A register that answers a program with SIGBUS
 * is a fatal error for the kernel: name none that may be without clock or
 * power.
 *
 * Errors: E2BIG: too many operations, or too long polls; EACCES: the device
 * file was opened for reading only; EFAULT; EINVAL: an operation is out of
 * range, or not aligned to the width, or the last one is no poll; ENODEV;
 * EOPNOTSUPP: a map is not one of physical registers, or is memory.
 */
#define UIO_IOC_SET_QUIESCE	_IO(UIO_IOC_TYPE, 0x05)

/**
 * struct uio_claim - argument of UIO_IOC_CLAIM
 * @size: size of this structure
 * @flags: 0
 */
struct uio_claim {
	__u32		size;
	__u32		flags;
};

/*
 * Gives the device to this open file, until that is released. A file that has it
 * may claim it again.
 *
 * Meanwhile other files attach nothing (EBUSY), so that no quiesce program of
 * theirs runs, and when they are closed a driver that switches DMA off at each
 * close, as uio_pci_generic does, leaves the device alone. They may open it,
 * query it, wait for interrupts and enable them, and map registers: a claim
 * keeps cooperating programs apart, it does not protect from others.
 *
 * Errors: EACCES: the device file was opened for reading only; EBUSY: another
 * file has the device, or has buffers attached to it; EFAULT; EINVAL; ENODEV;
 * ENOTTY: a kernel that knows no claims.
 */
#define UIO_IOC_CLAIM	_IO(UIO_IOC_TYPE, 0x06)

/*
 * What follows is the ABI of the boards that ship Xilinx's kernel, so that
 * programs built for them run unchanged. New programs use the above. Mappings
 * of one and of the other do not see each other.
 */

/**
 * struct uio_dmabuf_args - argument of the boards' ioctls
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
 *
 * Errors: those of UIO_IOC_DMABUF_ATTACH, with these differences. EBUSY: the
 * buffer is mapped with this ioctl in this file. EINVAL: also, it is not one
 * range of bus addresses. ENOTTY: a kernel without CONFIG_UIO_DMABUF_ADDRESSES.
 * ERANGE: the device does not reach the buffer, and it cannot be bounced either:
 * one that can be is, and the kernel says so once.
 */
#define UIO_IOC_MAP_DMABUF	_IOWR(UIO_IOC_BASE, 0x1, struct uio_dmabuf_args)

/*
 * Ends the mapping of a dma-buf, named by any descriptor of it. On success the
 * structure is all zero.
 *
 * Errors: EBADF: @dbuf_fd is not open; EFAULT: nothing was unmapped; EINVAL: it
 * is no dma-buf; ENODEV; ENOENT: the buffer is not mapped in this file; ENOTTY.
 */
#define UIO_IOC_UNMAP_DMABUF	_IOWR(UIO_IOC_BASE, 0x2, struct uio_dmabuf_args)

#endif /* _UAPI_LINUX_UIO_UIO_H */
