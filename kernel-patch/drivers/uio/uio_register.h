/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers of a UIO device that the kernel itself accesses, where and as user
 * space says.
 */
#ifndef _UIO_REGISTER_H_
#define _UIO_REGISTER_H_

#include <linux/types.h>

struct device;
struct uio_info;

/**
 * struct uio_register - a register as user space describes it
 * @map:	index of the UIO map it is in
 * @offset:	of the register in what mmap() of the map gives
 * @width:	in bits: 8, 16, 32, or 64 on a 64-bit kernel
 * @big_endian:	byte order
 */
struct uio_register {
	u32	map;
	u64	offset;
	u32	width;
	bool	big_endian;
};

int uio_register_find(const struct uio_register *reg,
		      const struct uio_info *info, struct device *parent,
		      phys_addr_t *phys);
u64 uio_register_read(const struct uio_register *reg, void __iomem *addr);
void uio_register_write(const struct uio_register *reg, void __iomem *addr,
			u64 value);

#endif /* _UIO_REGISTER_H_ */
