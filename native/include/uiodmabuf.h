/* SPDX-License-Identifier: MIT */
/*
 * libuiodmabuf - what UioInterop needs from C, and nothing more
 *
 * One function per ioctl, one per width of a device register, and one that
 * waits for an interrupt. There is no state, no initialisation and no
 * allocation; every function may be called from any thread at any time.
 *
 * Results of the ioctl functions
 * ------------------------------
 * A result is an int32_t: zero or a file descriptor on success, a negative
 * errno value on failure. The errno variable carries no information.
 *
 * A signal never shows: a call that the kernel ends with EINTR is made again
 * with the same arguments until it ends otherwise. -EINTR is not returned.
 *
 * Each function lists the errors that its arguments can cause. A kernel may
 * return others, and they are passed on unchanged. Common to all:
 *
 *   -EBADF   the first descriptor is not open
 *   -ENOTTY  the first descriptor is of a file that does not know the ioctl
 *   -ENOMEM  the kernel is out of memory
 *
 * Descriptors are borrowed for the length of the call. The caller keeps them
 * open meanwhile and closes those that a function returns. Pointers to results
 * must not be null; what they point to changes on success only.
 *
 * Registers
 * ---------
 * An access is a single load or store instruction of exactly the width in the
 * function's name. It is never split, merged, narrowed, repeated or left out.
 * Values are in the byte order of the CPU, which has to be little-endian, as
 * the registers that readl() reads are.
 *
 * The address is that of a register inside a live map of a UIO device and a
 * multiple of the width. Neither is checked: a wrong address raises SIGSEGV, a
 * device that does not answer raises SIGBUS or reads as all ones, depending on
 * the machine.
 *
 * The ordering is that of Linux's readl() and writel():
 *
 *   - accesses to one device happen in program order;
 *   - memory accesses and delays after a read wait for the value that was read,
 *     so data is current once a status register has said that it is there;
 *   - memory writes before a write are visible to the device when the write
 *     arrives there, so a descriptor is complete when the doorbell rings.
 *
 * Of these, the relaxed writes keep the first only, as writel_relaxed() does.
 *
 * This orders memory that the device sees coherently. It does not clean or
 * invalidate caches: for a dma-buf, that is what uiodmabuf_sync() is for.
 * It covers memory that is mapped as UIO maps device memory, uncached. It does
 * not cover x86's non-temporal stores, which need their own sfence.
 */
#ifndef UIODMABUF_H
#define UIODMABUF_H

#include <stdint.h>

#define UIODMABUF_EXPORT __attribute__((visibility("default")))

/*
 * uiodmabuf_map - maps a dma-buf for a UIO device (UIO_IOC_MAP_DMABUF)
 *
 * uio_fd:     open file of the UIO device
 * dmabuf_fd:  the dma-buf
 * direction:  1 the device reads and writes, 2 it only reads, 3 it only writes
 * address:    out: where the device reaches the buffer's first byte
 * length:     out: bytes mapped from there on, in one contiguous range
 *
 * The mapping belongs to the open file behind uio_fd and ends with
 * uiodmabuf_unmap(), when that file is released, or when the device goes away.
 * Closing dmabuf_fd does not end it.
 *
 * The direction is not interpreted here, so that the kernel decides what is
 * valid. It is one byte in the ABI; a larger value is refused, because cutting
 * it off could turn it into a valid one. This check comes before all others.
 *
 * Returns 0, or:
 *   -EBADF   uio_fd or dmabuf_fd is not open
 *   -EINVAL  direction is over 255, or the kernel refuses it; dmabuf_fd is not
 *            a dma-buf; or the buffer is not one contiguous range for the
 *            device
 *   -ENOTTY  not a UIO device, or its kernel lacks the import (as does a stock
 *            kernel)
 * and from kernels with UioInterop's patch:
 *   -EACCES  direction is 1 or 3, and uio_fd is not open for writing
 *   -EBUSY   this open file has the buffer mapped already
 *   -ENODEV  the device is gone
 *   -EOPNOTSUPP  the device behind the UIO device does no DMA
 */
UIODMABUF_EXPORT int32_t uiodmabuf_map(int32_t uio_fd, int32_t dmabuf_fd,
				       uint32_t direction, uint64_t *address,
				       uint64_t *length);

/*
 * uiodmabuf_unmap - ends a mapping of a dma-buf (UIO_IOC_UNMAP_DMABUF)
 *
 * uio_fd:     open file of the UIO device, the one that mapped it
 * dmabuf_fd:  the dma-buf. Kernels with UioInterop's patch accept any
 *             descriptor of the buffer; Xilinx's kernels look for the number
 *             that was passed to uiodmabuf_map(), so keep that one open.
 *
 * The device must have stopped using the buffer: behind an IOMMU its accesses
 * fault from here on, without one they hit memory that may have a new owner.
 *
 * Returns 0, or:
 *   -EBADF   uio_fd or dmabuf_fd is not open
 *   -EINVAL  dmabuf_fd is not a dma-buf
 *   -ENOTTY  not a UIO device, or its kernel lacks the import
 * and from kernels with UioInterop's patch:
 *   -ENODEV  the device is gone, and all of its mappings with it
 *   -ENOENT  this open file does not have the buffer mapped
 */
UIODMABUF_EXPORT int32_t uiodmabuf_unmap(int32_t uio_fd, int32_t dmabuf_fd);

/*
 * The six that follow are for kernels with UioInterop's patch, and known by
 * UIO_IOC_QUERY. The structures are those of linux/uio/uio.h, which describes
 * them and each error. Their sizes are filled in here.
 *
 * Common to them, besides what is above:
 *   -EINVAL  an argument is out of range
 *   -ENODEV  the device is gone, and all of its mappings with it
 *   -ENOTTY  not a UIO device, or its kernel lacks the import by handle
 */
struct uio_query;
struct uio_dmabuf_range;
struct uio_dmabuf_write_address;
struct uio_quiesce_op;

/* uiodmabuf_query - what kernel and device can do (UIO_IOC_QUERY) */
UIODMABUF_EXPORT int32_t uiodmabuf_query(int32_t uio_fd,
					 struct uio_query *query);

/*
 * uiodmabuf_attach - maps a dma-buf for a UIO device (UIO_IOC_DMABUF_ATTACH)
 *
 * uio_fd:     open file of the UIO device
 * dmabuf_fd:  the dma-buf; it may be closed afterwards
 * direction:  1 the device reads and writes, 2 it only reads, 3 it only writes
 * handle:     out: names the mapping in this open file, never 0
 * nr_ranges:  out: in how many ranges of bus addresses the buffer comes
 * length:     out: bytes mapped
 *
 * Returns 0, or:
 *   -EACCES  the device is to write, and uio_fd or dmabuf_fd is read-only
 *   -EBUSY   this open file has the buffer attached already, another file has
 *            claimed the device, or the device still writes into buffers of a
 *            file that was released
 *   -ENOMEM, -ENOSPC  the device's limit of bytes, of mappings
 *   -EOPNOTSUPP  the device does no DMA
 *   -EPERM   no IOMMU translates for the device, and the caller lacks
 *            CAP_SYS_RAWIO
 *   -ERANGE  the device does not reach the buffer: its DMA mask or its bus is too
 *            narrow, and no IOMMU translates
 */
UIODMABUF_EXPORT int32_t uiodmabuf_attach(int32_t uio_fd, int32_t dmabuf_fd,
					  uint32_t direction, uint32_t *handle,
					  uint32_t *nr_ranges,
					  uint64_t *length);

/*
 * uiodmabuf_detach - ends a mapping (UIO_IOC_DMABUF_DETACH)
 *
 * The device must have stopped using the buffer, as for uiodmabuf_unmap().
 *
 * Returns 0, or -ENOENT: this open file has no such handle.
 */
UIODMABUF_EXPORT int32_t uiodmabuf_detach(int32_t uio_fd, uint32_t handle);

/*
 * uiodmabuf_ranges - tells bus addresses (UIO_IOC_DMABUF_RANGES)
 *
 * first:   index of the first range to be told
 * ranges:  room for count of them; they come in the buffer's order
 *
 * Returns how many were told, which may be fewer than asked for; or -ENOENT, or
 * -ENOTTY, also from a kernel that keeps addresses to itself.
 */
UIODMABUF_EXPORT int32_t uiodmabuf_ranges(int32_t uio_fd, uint32_t handle,
					  uint32_t first,
					  struct uio_dmabuf_range *ranges,
					  uint32_t count);

/*
 * uiodmabuf_write_address - has the kernel write a bus address into a register
 *			     (UIO_IOC_DMABUF_WRITE_ADDRESS)
 *
 * Returns 0, or:
 *   -E2BIG   the buffer is not in one range for so long
 *   -EACCES  uio_fd is read-only
 *   -ENOENT  this open file has no such handle
 *   -EOPNOTSUPP  the map is not one of physical registers
 *   -ERANGE  the address needs more than the register's 32 bits
 */
UIODMABUF_EXPORT int32_t
uiodmabuf_write_address(int32_t uio_fd,
			const struct uio_dmabuf_write_address *write);

/*
 * uiodmabuf_set_quiesce - what stops the device when the file is released
 *			   (UIO_IOC_SET_QUIESCE)
 *
 * ops:    the operations, in their order
 * count:  how many; 0 takes an earlier program away
 *
 * Returns 0, or:
 *   -E2BIG   too many operations, or too long polls
 *   -EACCES  uio_fd is read-only
 *   -EOPNOTSUPP  a map is not one of physical registers
 */
UIODMABUF_EXPORT int32_t uiodmabuf_set_quiesce(int32_t uio_fd,
					       const struct uio_quiesce_op *ops,
					       uint32_t count);

/*
 * uiodmabuf_claim - gives the device to this open file, until that is released
 *		     (UIO_IOC_CLAIM)
 *
 * Other files attach nothing meanwhile, and when they are closed the device goes
 * on.
 *
 * Returns 0, also when this file has the device already, or:
 *   -EACCES  uio_fd is read-only
 *   -EBUSY   another file has the device, or has buffers attached to it
 *   -ENOTTY  a kernel that knows no claims
 */
UIODMABUF_EXPORT int32_t uiodmabuf_claim(int32_t uio_fd);

/*
 * uiodmabuf_heap_alloc - allocates a dma-buf (DMA_HEAP_IOCTL_ALLOC)
 *
 * heap_fd:   an open /dev/dma_heap/...; opening it read-only is enough
 * length:    bytes; the kernel rounds up to whole pages
 * fd_flags:  flags of the new descriptor. Pass O_RDWR | O_CLOEXEC: the access
 *            mode decides how the buffer can be mmapped, and 0 means O_RDONLY.
 *
 * Memory from a heap is zeroed.
 *
 * Returns the new dma-buf's descriptor, or:
 *   -EBADF   heap_fd is not open
 *   -EINVAL  length is 0, or fd_flags has bits besides O_CLOEXEC and the access
 *            mode
 *   -EMFILE  the process has no free descriptor
 *   -ENOMEM  the heap has no such memory (a CMA heap: not in one piece)
 *   -ENOTTY  not a heap
 */
UIODMABUF_EXPORT int32_t uiodmabuf_heap_alloc(int32_t heap_fd, uint64_t length,
					      uint32_t fd_flags);

/*
 * uiodmabuf_sync - begins or ends the CPU's access to a mmapped dma-buf
 *		    (DMA_BUF_IOCTL_SYNC)
 *
 * dmabuf_fd:  the dma-buf
 * flags:      DMA_BUF_SYNC_START (0) or DMA_BUF_SYNC_END (4), with
 *             DMA_BUF_SYNC_READ (1), DMA_BUF_SYNC_WRITE (2) or both
 *
 * A start makes the device's writes visible to the CPU, an end the CPU's to the
 * device. Both take the same read and write flags. It does not wait for the
 * device to finish.
 *
 * This ioctl may also end with EAGAIN, which has to be answered as EINTR is;
 * -EAGAIN is not returned either.
 *
 * Returns 0, or:
 *   -EBADF   dmabuf_fd is not open
 *   -EINVAL  neither READ nor WRITE is set, or an unknown flag is
 *   -ENOTTY  not a dma-buf
 */
UIODMABUF_EXPORT int32_t uiodmabuf_sync(int32_t dmabuf_fd, uint64_t flags);

/*
 * uiodmabuf_set_name - names a dma-buf for those who look at fdinfo and debugfs
 *			(DMA_BUF_SET_NAME_B)
 *
 * dmabuf_fd:  the dma-buf
 * name:       at most 31 bytes and a zero
 *
 * Returns 0, or:
 *   -EBADF   dmabuf_fd is not open
 *   -EFAULT  name is not readable
 *   -EINVAL  name is too long
 *   -ENOMEM  out of kernel memory
 *   -ENOTTY  not a dma-buf
 */
UIODMABUF_EXPORT int32_t uiodmabuf_set_name(int32_t dmabuf_fd,
					    const char *name);

/*
 * uiodmabuf_udmabuf_create - makes a dma-buf of a memfd's pages
 *			      (UDMABUF_CREATE)
 *
 * udmabuf_fd:  an open /dev/udmabuf
 * memfd:       sealed with F_SEAL_SHRINK and not with F_SEAL_WRITE
 * flags:       UDMABUF_FLAGS_CLOEXEC (1) or 0. Pass 1.
 * offset:      of the first byte in the memfd, a multiple of the page size
 * size:        bytes, a multiple of the page size, at most the module parameter
 *              size_limit_mb (64 by default)
 *
 * The pages stay pinned until the dma-buf is gone; the memfd may be closed.
 *
 * Returns the new dma-buf's descriptor, or:
 *   -EBADF   udmabuf_fd is not open
 *   -EBADFD  memfd is not open or not a memfd (the kernel's choice of number:
 *            it is not EBADF)
 *   -EINVAL  size is 0 or too large, offset or size is not a multiple of the
 *            page size or beyond the memfd's end, or the seals do not fit
 *   -EMFILE  the process has no free descriptor
 *   -ENOTTY  not /dev/udmabuf
 */
UIODMABUF_EXPORT int32_t uiodmabuf_udmabuf_create(int32_t udmabuf_fd,
						  int32_t memfd, uint32_t flags,
						  uint64_t offset,
						  uint64_t size);

/*
 * uiodmabuf_wait - waits for an interrupt and reads the count (ppoll and read)
 *
 * uio_fd:      open file of the UIO device; O_NONBLOCK if others read it, too
 * wake_fd:     ends the wait when it becomes readable; -1 is none
 * timeout_ns:  how long to wait, in nanoseconds; less than 0 waits for ever.
 *              Out, unless it was less than 0: what is left of it.
 * count:       out: the kernel's count of interrupts
 *
 * Returns 1 and the count, 0 when the time is over, or:
 *   -EAGAIN     another thread read the count first: wait on
 *   -EBADF      uio_fd is not open
 *   -ECANCELED  wake_fd is readable, or not open. The count has not been read.
 *   -EIO        the device has no interrupt, or is gone
 */
UIODMABUF_EXPORT int32_t uiodmabuf_wait(int32_t uio_fd, int32_t wake_fd,
					int64_t *timeout_ns, uint32_t *count);

/*
 * uiodmabuf_read8, 16, 32, 64 - read a register
 *
 * One load of that width, even if the caller ignores the value: reading may be
 * what acknowledges an interrupt.
 */
UIODMABUF_EXPORT uint8_t uiodmabuf_read8(const volatile void *address);
UIODMABUF_EXPORT uint16_t uiodmabuf_read16(const volatile void *address);
UIODMABUF_EXPORT uint32_t uiodmabuf_read32(const volatile void *address);

/*
 * uiodmabuf_write8, 16, 32, 64 - write a register
 *
 * One store of that width. It may still be on its way when the function
 * returns: to know that the device has it, read from the device.
 */
UIODMABUF_EXPORT void uiodmabuf_write8(volatile void *address, uint8_t value);
UIODMABUF_EXPORT void uiodmabuf_write16(volatile void *address, uint16_t value);
UIODMABUF_EXPORT void uiodmabuf_write32(volatile void *address, uint32_t value);

/*
 * uiodmabuf_write8_relaxed, 16, 32, 64 - write a register, without a barrier
 *
 * One store of that width, in order with the other accesses to the device and
 * with nothing else: memory written before may still be on its way when the
 * device sees the register change. For all registers of a command except the
 * one that starts it.
 */
UIODMABUF_EXPORT void uiodmabuf_write8_relaxed(volatile void *address,
					       uint8_t value);
UIODMABUF_EXPORT void uiodmabuf_write16_relaxed(volatile void *address,
						uint16_t value);
UIODMABUF_EXPORT void uiodmabuf_write32_relaxed(volatile void *address,
						uint32_t value);

/*
 * 64 bits in a single access take a 64-bit CPU. On others these three do not
 * exist: which half comes first is for the device's driver to know.
 */
#if UINTPTR_MAX > UINT32_MAX
UIODMABUF_EXPORT uint64_t uiodmabuf_read64(const volatile void *address);
UIODMABUF_EXPORT void uiodmabuf_write64(volatile void *address, uint64_t value);
UIODMABUF_EXPORT void uiodmabuf_write64_relaxed(volatile void *address,
						uint64_t value);
#endif

#endif /* UIODMABUF_H */
