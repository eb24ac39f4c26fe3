// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: where the device reaches a buffer, told
 * to user space or written into the device's registers.
 */

#include <linux/cleanup.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"
#include "uio_register.h"

/* How many ranges one call tells. */
#define UIO_DMABUF_MAX_RANGES	(PAGE_SIZE / sizeof(struct uio_dmabuf_range))

/* Stores ranges from @first on, at most *@count, and in that how many. */
static int uio_dmabuf_list_ranges(const struct uio_dmabuf_mapping *mapping,
				  u32 first, struct uio_dmabuf_range *ranges,
				  u32 *count)
{
	struct uio_dmabuf_range range;
	struct uio_dmabuf_walk walk;
	u32 index = 0, room = *count;

	if (first > mapping->nr_ranges)
		return -EINVAL;

	*count = 0;
	uio_dmabuf_walk_start(&walk, mapping);
	while (*count < room && uio_dmabuf_walk_next(&walk, &range))
		if (index++ >= first)
			ranges[(*count)++] = range;

	return 0;
}

static int uio_dmabuf_read_ranges(struct uio_dmabuf_file *file,
				  struct uio_dmabuf_ranges *args,
				  struct uio_dmabuf_range *ranges)
{
	struct uio_dmabuf_mapping *mapping;
	int ret;

	ret = uio_dmabuf_device_get(file->device);
	if (ret)
		return ret;

	mutex_lock(&file->lock);
	mapping = uio_dmabuf_lookup(file, args->handle);
	if (mapping) {
		args->total = mapping->nr_ranges;
		ret = uio_dmabuf_list_ranges(mapping, args->first, ranges,
					     &args->count);
	} else {
		ret = -ENOENT;
	}
	mutex_unlock(&file->lock);
	uio_dmabuf_device_put(file->device);
	return ret;
}

/**
 * uio_dmabuf_ranges - UIO_IOC_DMABUF_RANGES
 * @file:	imports of the open file
 * @arg:	its argument
 *
 * Return: 0, or a negative errno.
 */
long uio_dmabuf_ranges(struct uio_dmabuf_file *file, void __user *arg)
{
	struct uio_dmabuf_range *ranges __free(kfree) = NULL;
	struct uio_dmabuf_ranges args;
	int ret;

	if (!IS_ENABLED(CONFIG_UIO_DMABUF_ADDRESSES))
		return -ENOTTY;

	ret = uio_dmabuf_get_args(&args, sizeof(args),
				  offsetofend(struct uio_dmabuf_ranges, total),
				  arg);
	if (ret)
		return ret;
	if (args.flags)
		return -EINVAL;

	args.count = min_t(u32, args.count, UIO_DMABUF_MAX_RANGES);
	ranges = kmalloc_array(args.count, sizeof(*ranges), GFP_KERNEL);
	if (!ranges)
		return -ENOMEM;

	ret = uio_dmabuf_read_ranges(file, &args, ranges);
	if (ret)
		return ret;

	if (copy_to_user(u64_to_user_ptr(args.ranges), ranges,
			 array_size(args.count, sizeof(*ranges))))
		return -EFAULT;

	return uio_dmabuf_put_args(arg, &args, sizeof(args));
}

/* Where the device reaches a piece of the buffer that is in one range. */
static int uio_dmabuf_find_piece(const struct uio_dmabuf_mapping *mapping,
				 u64 offset, u64 length, u64 *address)
{
	struct uio_dmabuf_range range;
	struct uio_dmabuf_walk walk;

	if (!length || offset >= mapping->length ||
	    length > mapping->length - offset)
		return -EINVAL;

	uio_dmabuf_walk_start(&walk, mapping);
	while (uio_dmabuf_walk_next(&walk, &range)) {
		if (offset < range.length) {
			*address = range.address + offset;
			return length > range.length - offset ? -E2BIG : 0;
		}
		offset -= range.length;
	}

	return -EINVAL;
}

/* Registers are mostly on one page: the last one stays mapped. */
static void __iomem *uio_dmabuf_register_page(struct uio_dmabuf_file *file,
					      phys_addr_t phys)
{
	phys_addr_t page = phys & PAGE_MASK;

	lockdep_assert_held(&file->lock);
	if (file->window && file->window_phys != page) {
		iounmap(file->window);
		file->window = NULL;
	}

	if (!file->window) {
		file->window = ioremap(page, PAGE_SIZE);
		file->window_phys = page;
	}

	return file->window ? file->window + offset_in_page(phys) : NULL;
}

static int uio_dmabuf_write_one(struct uio_dmabuf_file *file,
				const struct uio_register *reg, u64 value)
{
	struct uio_dmabuf_device *device = file->device;
	void __iomem *addr;
	phys_addr_t phys;
	int ret;

	ret = uio_register_find(reg, device->info, device->parent, &phys);
	if (ret)
		return ret;

	addr = uio_dmabuf_register_page(file, phys);
	if (!addr)
		return -ENOMEM;

	uio_register_write(reg, addr, value);
	return 0;
}

/* Both, or none. */
static int uio_dmabuf_write_pair(struct uio_dmabuf_file *file,
				 const struct uio_register *first, u32 value,
				 const struct uio_register *second, u32 next)
{
	void __iomem *addr, *next_addr, *apart = NULL;
	struct uio_dmabuf_device *device = file->device;
	phys_addr_t phys, next_phys;
	int ret;

	ret = uio_register_find(first, device->info, device->parent, &phys);
	if (ret)
		return ret;

	ret = uio_register_find(second, device->info, device->parent,
				&next_phys);
	if (ret)
		return ret;

	if (PHYS_PFN(next_phys) != PHYS_PFN(phys)) {
		apart = ioremap(next_phys, sizeof(next));
		if (!apart)
			return -ENOMEM;
	}

	addr = uio_dmabuf_register_page(file, phys);
	next_addr = apart ? apart : uio_dmabuf_register_page(file, next_phys);
	if (addr) {
		uio_register_write(first, addr, value);
		uio_register_write(second, next_addr, next);
	} else {
		ret = -ENOMEM;
	}

	if (apart)
		iounmap(apart);
	return ret;
}

static int uio_dmabuf_write_regs(struct uio_dmabuf_file *file,
				 const struct uio_dmabuf_write_address *args,
				 u64 address)
{
	struct uio_register reg = {
		.map = args->map,
		.offset = args->reg,
		.width = args->format == UIO_ADDRESS_64 ? 64 : 32,
		.big_endian = args->flags & UIO_ADDRESS_BIG_ENDIAN,
	};
	struct uio_register high = reg;

	switch (args->format) {
	case UIO_ADDRESS_32:
		if (address + args->length - 1 > U32_MAX)
			return -ERANGE;
		fallthrough;
	case UIO_ADDRESS_64:
		return uio_dmabuf_write_one(file, &reg, address);
	default:
		high.offset = args->reg_high;
		if (args->flags & UIO_ADDRESS_HIGH_FIRST)
			return uio_dmabuf_write_pair(file, &high,
						     upper_32_bits(address),
						     &reg,
						     lower_32_bits(address));
		return uio_dmabuf_write_pair(file, &reg, lower_32_bits(address),
					     &high, upper_32_bits(address));
	}
}

static int uio_dmabuf_check_format(const struct uio_dmabuf_write_address *args)
{
	u32 flags = UIO_ADDRESS_BIG_ENDIAN;

	switch (args->format) {
	case UIO_ADDRESS_32:
	case UIO_ADDRESS_64:
		if (args->reg_high)
			return -EINVAL;
		break;
	case UIO_ADDRESS_PAIR:
		flags |= UIO_ADDRESS_HIGH_FIRST;
		break;
	default:
		return -EINVAL;
	}

	return args->flags & ~flags || args->__reserved ? -EINVAL : 0;
}

/**
 * uio_dmabuf_write_address - UIO_IOC_DMABUF_WRITE_ADDRESS
 * @file:	imports of the open file
 * @mode:	how it was opened
 * @arg:	its argument
 *
 * Return: 0, or a negative errno.
 */
long uio_dmabuf_write_address(struct uio_dmabuf_file *file, fmode_t mode,
			      void __user *arg)
{
	struct uio_dmabuf_write_address args;
	struct uio_dmabuf_mapping *mapping;
	u64 address;
	int ret;

	ret = uio_dmabuf_get_args(&args, sizeof(args),
				  offsetofend(struct uio_dmabuf_write_address,
					      __reserved), arg);
	if (ret)
		return ret;

	ret = uio_dmabuf_check_format(&args);
	if (ret)
		return ret;

	if (!(mode & FMODE_WRITE))
		return -EACCES;

	ret = uio_dmabuf_device_get(file->device);
	if (ret)
		return ret;

	mutex_lock(&file->lock);
	mapping = uio_dmabuf_lookup(file, args.handle);
	if (!mapping) {
		ret = -ENOENT;
		goto out_unlock;
	}

	ret = uio_dmabuf_find_piece(mapping, args.offset, args.length,
				    &address);
	if (!ret)
		ret = uio_dmabuf_write_regs(file, &args, address);
out_unlock:
	mutex_unlock(&file->lock);
	uio_dmabuf_device_put(file->device);
	return ret;
}
