// SPDX-License-Identifier: GPL-2.0
/*
 * Registers of a UIO device that the kernel itself accesses, where and as user
 * space says.
 */

#include <linux/device.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/swab.h>
#include <linux/uio_driver.h>

#include "uio_register.h"

static bool uio_register_inside(const struct resource *res, phys_addr_t start,
				phys_addr_t last)
{
	return resource_type(res) == IORESOURCE_MEM &&
	       res->start <= start && last <= res->end;
}

/*
 * A map is rounded to pages, and there may be something else in the rest of
 * them. What a parent of another bus has is not known: there the map decides.
 */
static bool uio_register_of_parent(struct device *parent, phys_addr_t start,
				   phys_addr_t last)
{
	int i;

	if (dev_is_pci(parent)) {
		for (i = 0; i < PCI_STD_NUM_BARS; i++)
			if (uio_register_inside(&to_pci_dev(parent)->resource[i],
						start, last))
				return true;
		return false;
	}

	if (dev_is_platform(parent)) {
		struct platform_device *pdev = to_platform_device(parent);

		for (i = 0; i < pdev->num_resources; i++)
			if (uio_register_inside(&pdev->resource[i], start, last))
				return true;
		return false;
	}

	return true;
}

static bool uio_register_width_ok(u32 width)
{
	return width == 8 || width == 16 || width == 32 ||
	       (IS_ENABLED(CONFIG_64BIT) && width == 64);
}

/**
 * uio_register_find - check what user space says of a register
 * @reg:	the register
 * @info:	the UIO device, registered until the caller is done
 * @parent:	its parent
 * @phys:	where to store the register's physical address
 *
 * Return: 0; -EINVAL when there is no such register; -EOPNOTSUPP when it lies
 * in something other than a device's registers.
 */
int uio_register_find(const struct uio_register *reg,
		      const struct uio_info *info, struct device *parent,
		      phys_addr_t *phys)
{
	const struct uio_mem *mem;
	phys_addr_t start, last;
	u32 bytes;

	if (reg->map >= MAX_UIO_MAPS || !uio_register_width_ok(reg->width))
		return -EINVAL;

	mem = &info->mem[array_index_nospec(reg->map, MAX_UIO_MAPS)];
	bytes = reg->width / BITS_PER_BYTE;
	if (mem->size < bytes || reg->offset > mem->size - bytes ||
	    !IS_ALIGNED(reg->offset, bytes))
		return -EINVAL;

	if (mem->memtype != UIO_MEM_PHYS || !PAGE_ALIGNED(mem->addr))
		return -EOPNOTSUPP;

	start = mem->addr + reg->offset;
	last = start + bytes - 1;
	if (!uio_register_of_parent(parent, start, last))
		return -EINVAL;

	if (region_intersects(start, bytes, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return -EOPNOTSUPP;

	*phys = start;
	return 0;
}

/**
 * uio_register_read - read a register
 * @reg:	the register
 * @addr:	where the kernel has it
 *
 * Return: its value.
 */
u64 uio_register_read(const struct uio_register *reg, void __iomem *addr)
{
	switch (reg->width) {
	case 8:
		return readb(addr);
	case 16:
		return reg->big_endian ? swab16(readw(addr)) : readw(addr);
	case 32:
		return reg->big_endian ? swab32(readl(addr)) : readl(addr);
#ifdef CONFIG_64BIT
	case 64:
		return reg->big_endian ? swab64(readq(addr)) : readq(addr);
#endif
	default:
		return 0;
	}
}

/**
 * uio_register_write - write a register, after earlier writes to memory
 * @reg:	the register
 * @addr:	where the kernel has it
 * @value:	its new value
 */
void uio_register_write(const struct uio_register *reg, void __iomem *addr,
			u64 value)
{
	switch (reg->width) {
	case 8:
		writeb(value, addr);
		break;
	case 16:
		writew(reg->big_endian ? swab16(value) : value, addr);
		break;
	case 32:
		writel(reg->big_endian ? swab32(value) : value, addr);
		break;
#ifdef CONFIG_64BIT
	case 64:
		writeq(reg->big_endian ? swab64(value) : value, addr);
		break;
#endif
	}
}
