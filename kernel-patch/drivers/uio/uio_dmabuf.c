// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices
 *
 * A mapping belongs to the open file that made it. It ends when user space
 * unmaps it, when the file is released, or when the device is unregistered,
 * whichever comes first.
 *
 * A mapping is known by its buffer, never by a descriptor number: numbers are
 * closed, reused and duplicated. The reference that each mapping holds keeps
 * the address of its struct dma_buf unique for as long as the key is made of it.
 */

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf.h"

/*
 * Set while a mapping is user space's to unmap. Clear while an ioctl copies its
 * answer to user space, with no lock held: only unregistration may then take
 * the mapping away.
 */
#define UIO_DMABUF_LIVE		XA_MARK_1

/**
 * struct uio_dmabuf_mapping - a dma-buf that is mapped for a device
 * @dmabuf:	the buffer, with a reference
 * @attachment:	the device's attachment to @dmabuf
 * @sgt:	@dmabuf as the device reaches it
 * @dir:	direction @sgt was mapped with
 */
struct uio_dmabuf_mapping {
	struct dma_buf			*dmabuf;
	struct dma_buf_attachment	*attachment;
	struct sg_table			*sgt;
	enum dma_data_direction		dir;
};

/* Addresses of two buffers differ by more than the bits that are dropped. */
static unsigned long uio_dmabuf_key(struct dma_buf *dmabuf)
{
	return (unsigned long)dmabuf >> ilog2(sizeof(*dmabuf));
}

static int uio_dmabuf_direction(u8 dir, enum dma_data_direction *dma_dir)
{
	switch (dir) {
	case UIO_DMABUF_DIR_BIDIR:
		*dma_dir = DMA_BIDIRECTIONAL;
		return 0;
	case UIO_DMABUF_DIR_TO_DEV:
		*dma_dir = DMA_TO_DEVICE;
		return 0;
	case UIO_DMABUF_DIR_FROM_DEV:
		*dma_dir = DMA_FROM_DEVICE;
		return 0;
	default:
		return -EINVAL;
	}
}

/* The one range that the entries form together, or -EINVAL. */
static int uio_dmabuf_range(struct sg_table *sgt, u64 *addr, u64 *size)
{
	struct scatterlist *sg;
	u64 start = 0, length = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (!length)
			start = sg_dma_address(sg);
		else if (sg_dma_address(sg) != start + length)
			return -EINVAL;
		length += sg_dma_len(sg);
	}

	if (!length)
		return -EINVAL;

	*addr = start;
	*size = length;
	return 0;
}

static int uio_dmabuf_attach(struct uio_dmabuf_mapping *mapping,
			     struct device *parent)
{
	int ret;

	mapping->attachment = dma_buf_attach(mapping->dmabuf, parent);
	if (IS_ERR(mapping->attachment))
		return PTR_ERR(mapping->attachment);

	mapping->sgt = dma_buf_map_attachment_unlocked(mapping->attachment,
						       mapping->dir);
	if (IS_ERR(mapping->sgt)) {
		ret = PTR_ERR(mapping->sgt);
		goto err_detach;
	}

	return 0;

err_detach:
	dma_buf_detach(mapping->dmabuf, mapping->attachment);
	return ret;
}

static void uio_dmabuf_detach(struct uio_dmabuf_mapping *mapping)
{
	dma_buf_unmap_attachment_unlocked(mapping->attachment, mapping->sgt,
					  mapping->dir);
	dma_buf_detach(mapping->dmabuf, mapping->attachment);
}

static void uio_dmabuf_free(struct uio_dmabuf_mapping *mapping)
{
	dma_buf_put(mapping->dmabuf);
	kfree(mapping);
}

/* Takes over the reference on @dmabuf, also when it fails. */
static struct uio_dmabuf_mapping *uio_dmabuf_alloc(struct dma_buf *dmabuf,
						   enum dma_data_direction dir)
{
	struct uio_dmabuf_mapping *mapping;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
	if (!mapping) {
		dma_buf_put(dmabuf);
		return NULL;
	}

	mapping->dmabuf = dmabuf;
	mapping->dir = dir;
	return mapping;
}

/*
 * User space wants ranges as long as can be had. The default, which PCI sets as
 * if somebody had chosen it, is 64 KiB.
 */
static void uio_dmabuf_raise_max_seg_size(struct device *parent)
{
	if (parent->dma_parms && dma_get_max_seg_size(parent) != UINT_MAX)
		dma_set_max_seg_size(parent, UINT_MAX);
}

/*
 * Maps and inserts, not yet live. The key is taken first: of two maps of one
 * buffer the second must not reach the exporter.
 */
static int uio_dmabuf_insert(struct uio_dmabuf_file *file,
			     struct uio_dmabuf_mapping *mapping,
			     u64 *addr, u64 *size)
{
	unsigned long key = uio_dmabuf_key(mapping->dmabuf);
	struct uio_dmabuf_device *device = file->device;
	int ret;

	ret = down_read_killable(&device->lock);
	if (ret)
		return ret;

	if (device->gone) {
		ret = -ENODEV;
		goto err_unlock;
	}

	/* The DMA layer warns about a device that has no mask. */
	if (!device->parent->dma_mask) {
		ret = -EOPNOTSUPP;
		goto err_unlock;
	}

	ret = xa_insert(&file->mappings, key, mapping, GFP_KERNEL);
	if (ret)
		goto err_unlock;

	uio_dmabuf_raise_max_seg_size(device->parent);
	ret = uio_dmabuf_attach(mapping, device->parent);
	if (ret)
		goto err_erase;

	ret = uio_dmabuf_range(mapping->sgt, addr, size);
	if (ret)
		goto err_detach;

	up_read(&device->lock);
	return 0;

err_detach:
	uio_dmabuf_detach(mapping);
err_erase:
	xa_erase(&file->mappings, key);
err_unlock:
	up_read(&device->lock);
	return ret;
}

/* Ends a mapping that is not live, unless unregistration did so before. */
static void uio_dmabuf_remove(struct uio_dmabuf_file *file, unsigned long key)
{
	struct uio_dmabuf_mapping *mapping;

	down_read(&file->device->lock);
	mapping = xa_erase(&file->mappings, key);
	if (mapping) {
		uio_dmabuf_detach(mapping);
		uio_dmabuf_free(mapping);
	}
	up_read(&file->device->lock);
}

/* The caller keeps others from @file: it has the last reference, or the lock. */
static void uio_dmabuf_remove_all(struct uio_dmabuf_file *file)
{
	struct uio_dmabuf_mapping *mapping;
	unsigned long key;

	xa_for_each(&file->mappings, key, mapping) {
		xa_erase(&file->mappings, key);
		uio_dmabuf_detach(mapping);
		uio_dmabuf_free(mapping);
		cond_resched();
	}
	xa_destroy(&file->mappings);
}

/* Makes a live mapping the caller's alone. */
static int uio_dmabuf_claim(struct uio_dmabuf_file *file, unsigned long key)
{
	int ret = 0;

	xa_lock(&file->mappings);
	if (xa_get_mark(&file->mappings, key, UIO_DMABUF_LIVE))
		__xa_clear_mark(&file->mappings, key, UIO_DMABUF_LIVE);
	else
		ret = READ_ONCE(file->device->gone) ? -ENODEV : -ENOENT;
	xa_unlock(&file->mappings);
	return ret;
}

static long uio_dmabuf_map(struct uio_dmabuf_file *file, fmode_t mode,
			   struct uio_dmabuf_args __user *arg)
{
	struct uio_dmabuf_mapping *mapping;
	enum dma_data_direction dir;
	struct uio_dmabuf_args args;
	struct dma_buf *dmabuf;
	unsigned long key;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;

	ret = uio_dmabuf_direction(args.dir, &dir);
	if (ret)
		return ret;

	if (dir != DMA_TO_DEVICE && !(mode & FMODE_WRITE))
		return -EACCES;

	dmabuf = dma_buf_get(args.dbuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	mapping = uio_dmabuf_alloc(dmabuf, dir);
	if (!mapping)
		return -ENOMEM;

	key = uio_dmabuf_key(dmabuf);
	ret = uio_dmabuf_insert(file, mapping, &args.dma_addr, &args.size);
	if (ret) {
		uio_dmabuf_free(mapping);
		return ret;
	}

	if (copy_to_user(arg, &args, sizeof(args))) {
		uio_dmabuf_remove(file, key);
		return -EFAULT;
	}

	xa_set_mark(&file->mappings, key, UIO_DMABUF_LIVE);
	return 0;
}

static long uio_dmabuf_unmap(struct uio_dmabuf_file *file,
			     struct uio_dmabuf_args __user *arg)
{
	struct uio_dmabuf_args args;
	struct dma_buf *dmabuf;
	unsigned long key;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;

	dmabuf = dma_buf_get(args.dbuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	key = uio_dmabuf_key(dmabuf);
	ret = uio_dmabuf_claim(file, key);
	if (ret)
		goto out_put;

	/* What can fail comes first: after it the buffer is unmapped for sure. */
	memset(&args, 0, sizeof(args));
	if (copy_to_user(arg, &args, sizeof(args))) {
		xa_set_mark(&file->mappings, key, UIO_DMABUF_LIVE);
		ret = -EFAULT;
		goto out_put;
	}

	uio_dmabuf_remove(file, key);
out_put:
	dma_buf_put(dmabuf);
	return ret;
}

/**
 * uio_dmabuf_ioctl - ioctls of the import
 * @file:	imports of the open file
 * @filep:	the open file
 * @cmd:	UIO_IOC_MAP_DMABUF or UIO_IOC_UNMAP_DMABUF
 * @arg:	address of a &struct uio_dmabuf_args
 *
 * Return: 0, or a negative errno: ENOTTY for an unknown @cmd.
 */
long uio_dmabuf_ioctl(struct uio_dmabuf_file *file, struct file *filep,
		      unsigned int cmd, unsigned long arg)
{
	struct uio_dmabuf_args __user *args = (void __user *)arg;

	switch (cmd) {
	case UIO_IOC_MAP_DMABUF:
		return uio_dmabuf_map(file, filep->f_mode, args);
	case UIO_IOC_UNMAP_DMABUF:
		return uio_dmabuf_unmap(file, args);
	default:
		return -ENOTTY;
	}
}

/**
 * uio_dmabuf_open - a file of the device was opened
 * @file:	imports of the file, to be initialised
 * @device:	imports of the device
 */
void uio_dmabuf_open(struct uio_dmabuf_file *file,
		     struct uio_dmabuf_device *device)
{
	file->device = device;
	xa_init_flags(&file->mappings, XA_FLAGS_ACCOUNT);

	down_read(&device->lock);
	spin_lock(&device->files_lock);
	list_add(&file->node, &device->files);
	spin_unlock(&device->files_lock);
	up_read(&device->lock);
}

/**
 * uio_dmabuf_release - the last reference to a file is gone: end its mappings
 * @file:	imports of the file
 *
 * The driver's release hook has run, so that the device had its chance to stop.
 */
void uio_dmabuf_release(struct uio_dmabuf_file *file)
{
	struct uio_dmabuf_device *device = file->device;

	down_read(&device->lock);
	spin_lock(&device->files_lock);
	list_del(&file->node);
	spin_unlock(&device->files_lock);
	uio_dmabuf_remove_all(file);
	up_read(&device->lock);
}

/**
 * uio_dmabuf_register - the device can be opened from now on
 * @device:	imports of the device, to be initialised
 * @parent:	the device that does the DMA
 */
void uio_dmabuf_register(struct uio_dmabuf_device *device,
			 struct device *parent)
{
	device->parent = parent;
	init_rwsem(&device->lock);
	spin_lock_init(&device->files_lock);
	INIT_LIST_HEAD(&device->files);

	if (parent->dma_parms)
		device->max_seg_size = parent->dma_parms->max_segment_size;
}

/**
 * uio_dmabuf_unregister - the device goes: end the mappings of all its files
 * @device:	imports of the device
 *
 * After a driver is unbound its device may not be used for DMA any more, however
 * long files stay open. So drivers unregister before they are unbound.
 */
void uio_dmabuf_unregister(struct uio_dmabuf_device *device)
{
	struct device *parent = device->parent;
	struct uio_dmabuf_file *file;

	down_write(&device->lock);
	WRITE_ONCE(device->gone, true);
	list_for_each_entry(file, &device->files, node)
		uio_dmabuf_remove_all(file);
	if (parent->dma_parms && dma_get_max_seg_size(parent) == UINT_MAX)
		dma_set_max_seg_size(parent, device->max_seg_size);
	up_write(&device->lock);
}

MODULE_IMPORT_NS(DMA_BUF);
