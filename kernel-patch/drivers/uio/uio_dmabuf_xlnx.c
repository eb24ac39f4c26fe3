// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: the ioctls of the boards that ship
 * Xilinx's kernel
 *
 * Their programs name a mapping by a descriptor of its buffer. Here too it is
 * found by the buffer that the descriptor stands for.
 */

#include <linux/compat.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"

/**
 * struct uio_dmabuf_layout - how a program lays an argument out
 * @get:	reads it from user space
 * @put:	writes it there
 *
 * Both return 0 or EFAULT.
 */
struct uio_dmabuf_layout {
	int (*get)(struct uio_dmabuf_args *args, const void __user *from);
	int (*put)(void __user *to, const struct uio_dmabuf_args *args);
};

static int uio_dmabuf_args_get(struct uio_dmabuf_args *args,
			       const void __user *from)
{
	return copy_from_user(args, from, sizeof(*args)) ? -EFAULT : 0;
}

static int uio_dmabuf_args_put(void __user *to,
			       const struct uio_dmabuf_args *args)
{
	return copy_to_user(to, args, sizeof(*args)) ? -EFAULT : 0;
}

static const struct uio_dmabuf_layout uio_dmabuf_native = {
	.get = uio_dmabuf_args_get,
	.put = uio_dmabuf_args_put,
};

/* The device is held, and the buffer not yet live. */
static int uio_dmabuf_map_range(struct uio_dmabuf_file *file,
				struct uio_dmabuf_mapping *mapping,
				struct uio_dmabuf_args *args)
{
	struct uio_dmabuf_device *device = file->device;
	struct uio_dmabuf_range range;
	struct uio_dmabuf_walk walk;
	int ret;

	ret = uio_dmabuf_add_mapping(file, mapping, &file->args);
	if (ret)
		return ret;

	if (mapping->nr_ranges != 1) {
		xa_erase(&file->args, uio_dmabuf_key(mapping->dmabuf));
		uio_dmabuf_end_mapping(device, file, mapping);
		return -EINVAL;
	}

	if (mapping->bounced && dma_addressing_limited(device->parent) &&
	    uio_dmabuf_tell_once(device, &device->limited))
		dev_warn(device->parent,
			 "does not reach a buffer, which is copied for each transfer: see its DMA mask\n");

	uio_dmabuf_walk_start(&walk, mapping);
	uio_dmabuf_walk_next(&walk, &range);
	args->dma_addr = range.address;
	args->size = range.length;
	return 0;
}

/* Ends a mapping that is not live, unless unregistration does. */
static void uio_dmabuf_end_by_key(struct uio_dmabuf_file *file,
				  unsigned long key)
{
	struct uio_dmabuf_mapping *mapping;

	if (uio_dmabuf_device_get(file->device))
		return;

	mapping = xa_erase(&file->args, key);
	if (mapping) {
		uio_dmabuf_end_mapping(file->device, file, mapping);
		uio_dmabuf_free(mapping);
	}
	uio_dmabuf_device_put(file->device);
}

/* Makes a live mapping the caller's alone. */
static int uio_dmabuf_clear_live(struct uio_dmabuf_file *file,
				 unsigned long key)
{
	int ret;

	ret = uio_dmabuf_device_get(file->device);
	if (ret)
		return ret;

	xa_lock(&file->args);
	if (xa_get_mark(&file->args, key, UIO_DMABUF_LIVE))
		__xa_clear_mark(&file->args, key, UIO_DMABUF_LIVE);
	else
		ret = -ENOENT;
	xa_unlock(&file->args);
	uio_dmabuf_device_put(file->device);
	return ret;
}

static long uio_dmabuf_map_args(struct uio_dmabuf_file *file, fmode_t mode,
				const struct uio_dmabuf_layout *layout,
				void __user *arg)
{
	struct uio_dmabuf_mapping *mapping;
	enum dma_data_direction dir;
	struct uio_dmabuf_args args;
	struct dma_buf *dmabuf;
	unsigned long key;
	int ret;

	ret = layout->get(&args, arg);
	if (ret)
		return ret;

	ret = uio_dmabuf_direction(args.dir, &dir);
	if (ret)
		return ret;

	dmabuf = dma_buf_get(args.dbuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	mode |= FMODE_READ;
	if (!uio_dmabuf_may_attach(dir, mode & dmabuf->file->f_mode)) {
		dma_buf_put(dmabuf);
		return -EACCES;
	}

	mapping = uio_dmabuf_alloc(dmabuf, dir);
	if (!mapping)
		return -ENOMEM;

	/* They do not expect an error there. */
	mapping->may_bounce = true;
	key = uio_dmabuf_key(dmabuf);
	ret = uio_dmabuf_device_get(file->device);
	if (!ret) {
		ret = uio_dmabuf_map_range(file, mapping, &args);
		uio_dmabuf_device_put(file->device);
	}
	if (ret) {
		uio_dmabuf_free(mapping);
		return ret;
	}

	ret = layout->put(arg, &args);
	if (ret) {
		uio_dmabuf_end_by_key(file, key);
		return ret;
	}

	xa_set_mark(&file->args, key, UIO_DMABUF_LIVE);
	return 0;
}

static long uio_dmabuf_unmap_args(struct uio_dmabuf_file *file,
				  const struct uio_dmabuf_layout *layout,
				  void __user *arg)
{
	struct uio_dmabuf_args args;
	struct dma_buf *dmabuf;
	unsigned long key;
	int ret;

	ret = layout->get(&args, arg);
	if (ret)
		return ret;

	dmabuf = dma_buf_get(args.dbuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	key = uio_dmabuf_key(dmabuf);
	ret = uio_dmabuf_clear_live(file, key);
	if (ret)
		goto out_put;

	/* What can fail comes first: after it the buffer is unmapped for sure. */
	memset(&args, 0, sizeof(args));
	ret = layout->put(arg, &args);
	if (ret) {
		xa_set_mark(&file->args, key, UIO_DMABUF_LIVE);
		goto out_put;
	}

	uio_dmabuf_end_by_key(file, key);
out_put:
	dma_buf_put(dmabuf);
	return ret;
}

/**
 * uio_dmabuf_xlnx_ioctl - the boards' ioctls
 * @file:	imports of the open file
 * @filep:	the open file
 * @cmd:	which one
 * @arg:	its argument
 *
 * Return: 0, or a negative errno: ENOTTY for an unknown @cmd.
 */
long uio_dmabuf_xlnx_ioctl(struct uio_dmabuf_file *file, struct file *filep,
			   unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case UIO_IOC_MAP_DMABUF:
		return uio_dmabuf_map_args(file, filep->f_mode,
					   &uio_dmabuf_native, arg);
	case UIO_IOC_UNMAP_DMABUF:
		return uio_dmabuf_unmap_args(file, &uio_dmabuf_native, arg);
	default:
		return -ENOTTY;
	}
}

#ifdef CONFIG_COMPAT_FOR_U64_ALIGNMENT

/* As i386 lays it out: with that, its ioctls have numbers of their own. */
struct compat_uio_dmabuf_args {
	compat_int_t	dbuf_fd;
	compat_u64	dma_addr;
	compat_u64	size;
	u8		dir;
};

#define COMPAT_UIO_IOC_MAP_DMABUF \
	_IOWR(UIO_IOC_BASE, 0x1, struct compat_uio_dmabuf_args)
#define COMPAT_UIO_IOC_UNMAP_DMABUF \
	_IOWR(UIO_IOC_BASE, 0x2, struct compat_uio_dmabuf_args)

static int compat_uio_dmabuf_args_get(struct uio_dmabuf_args *args,
				      const void __user *from)
{
	struct compat_uio_dmabuf_args compat;

	if (copy_from_user(&compat, from, sizeof(compat)))
		return -EFAULT;

	memset(args, 0, sizeof(*args));
	args->dbuf_fd = compat.dbuf_fd;
	args->dir = compat.dir;
	return 0;
}

static int compat_uio_dmabuf_args_put(void __user *to,
				      const struct uio_dmabuf_args *args)
{
	struct compat_uio_dmabuf_args compat;

	memset(&compat, 0, sizeof(compat));
	compat.dbuf_fd = args->dbuf_fd;
	compat.dma_addr = args->dma_addr;
	compat.size = args->size;
	compat.dir = args->dir;
	return copy_to_user(to, &compat, sizeof(compat)) ? -EFAULT : 0;
}

static const struct uio_dmabuf_layout uio_dmabuf_i386 = {
	.get = compat_uio_dmabuf_args_get,
	.put = compat_uio_dmabuf_args_put,
};

/**
 * uio_dmabuf_xlnx_compat_ioctl - the boards' ioctls as i386 numbers them
 * @file:	imports of the open file
 * @filep:	the open file
 * @cmd:	which one
 * @arg:	its argument
 *
 * Return: 0, or a negative errno: ENOTTY for an unknown @cmd.
 */
long uio_dmabuf_xlnx_compat_ioctl(struct uio_dmabuf_file *file,
				  struct file *filep, unsigned int cmd,
				  void __user *arg)
{
	switch (cmd) {
	case COMPAT_UIO_IOC_MAP_DMABUF:
		return uio_dmabuf_map_args(file, filep->f_mode,
					   &uio_dmabuf_i386, arg);
	case COMPAT_UIO_IOC_UNMAP_DMABUF:
		return uio_dmabuf_unmap_args(file, &uio_dmabuf_i386, arg);
	default:
		return -ENOTTY;
	}
}

#endif /* CONFIG_COMPAT_FOR_U64_ALIGNMENT */
