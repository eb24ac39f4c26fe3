// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: who may attach which buffer, and the
 * tables of what a file has attached.
 */

#include <linux/capability.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>
#include <linux/xarray.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"
#include "uio_dmabuf_parent.h"

/**
 * uio_dmabuf_key - what a buffer is known by in a table
 * @dmabuf:	the buffer
 *
 * Return: its address, shifted so far that distinct buffers keep distinct keys.
 */
unsigned long uio_dmabuf_key(struct dma_buf *dmabuf)
{
	return (unsigned long)dmabuf >> ilog2(sizeof(*dmabuf));
}

/**
 * uio_dmabuf_direction - check a direction that user space gave
 * @dir:	one of &enum uio_dmabuf_dir
 * @dma_dir:	where to store what it means
 *
 * Return: 0, or -EINVAL.
 */
int uio_dmabuf_direction(u32 dir, enum dma_data_direction *dma_dir)
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

static int uio_dmabuf_count_function(struct device *dev, void *count)
{
	/* A bridge does no DMA of its own. */
	if (!dev_is_pci(dev) || !pci_is_bridge(to_pci_dev(dev)))
		++*(unsigned int *)count;
	return 0;
}

/*
 * Whether the device is the only one of its IOMMU group: what is mapped for
 * others it reaches, too.
 */
static bool uio_dmabuf_is_alone(struct device *parent)
{
	struct iommu_group *group = iommu_group_get(parent);
	unsigned int count = 0;

	if (!group)
		return false;

	iommu_group_for_each_dev(group, &count, uio_dmabuf_count_function);
	iommu_group_put(group);
	return count == 1;
}

/*
 * Whether a device reaches what is attached and nothing else. Not behind lazy
 * translation: some exporters let memory go in the same call that unmaps it, and
 * the IOMMU is flushed only after that.
 */
static bool uio_dmabuf_isolates(struct device *parent)
{
	return uio_dmabuf_translation(parent) == UIO_TRANSLATION_STRICT &&
	       uio_dmabuf_is_alone(parent);
}

/* The device reaches the buffer, and maybe much more. */
static int uio_dmabuf_check_permission(struct uio_dmabuf_device *device)
{
	if (!uio_dmabuf_does_dma(device))
		return -EOPNOTSUPP;

	if (!uio_dmabuf_isolates(device->parent) && !capable(CAP_SYS_RAWIO))
		return -EPERM;

	return 0;
}

/* A buffer was mapped. */
static void uio_dmabuf_taint(struct uio_dmabuf_device *device)
{
	if (uio_dmabuf_translates(device->parent) ||
	    !uio_dmabuf_tell_once(device, &device->tainted))
		return;

	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	dev_info(device->parent,
		 "dma-bufs are imported without an IOMMU: user space can make the device reach all memory\n");
}

/**
 * uio_dmabuf_may_attach - whether a direction is allowed to who holds the files
 * @dir:	direction of the DMA
 * @mode:	how the files were opened
 *
 * Who may not read or write, may not have the device do it.
 *
 * Return: true when it is.
 */
bool uio_dmabuf_may_attach(enum dma_data_direction dir, fmode_t mode)
{
	return (dir == DMA_FROM_DEVICE || mode & FMODE_READ) &&
	       (dir == DMA_TO_DEVICE || mode & FMODE_WRITE);
}

/**
 * uio_dmabuf_add_mapping - map a buffer and put it into a table, not yet live
 * @file:	the file, its device held by uio_dmabuf_device_get()
 * @mapping:	the mapping
 * @table:	one of the tables that are indexed by buffers
 *
 * The key is taken first: of two maps of one buffer the second must not reach
 * the exporter.
 *
 * Return: 0, or a negative errno.
 */
int uio_dmabuf_add_mapping(struct uio_dmabuf_file *file,
			   struct uio_dmabuf_mapping *mapping,
			   struct xarray *table)
{
	unsigned long key = uio_dmabuf_key(mapping->dmabuf);
	struct uio_dmabuf_device *device = file->device;
	int ret;

	ret = uio_dmabuf_check_permission(device);
	if (ret)
		return ret;

	ret = uio_dmabuf_check_quarantine(device);
	if (ret)
		return ret;

	ret = xa_insert(table, key, mapping, GFP_KERNEL);
	if (ret)
		return ret;

	ret = uio_dmabuf_charge(file, mapping->dmabuf->size);
	if (ret)
		goto err_erase;

	uio_dmabuf_raise_max_seg_size(device->shared);
	ret = uio_dmabuf_map_reached(mapping, device->parent);
	if (ret)
		goto err_uncharge;

	uio_dmabuf_taint(device);
	return 0;

err_uncharge:
	uio_dmabuf_uncharge(device, file, mapping->dmabuf->size);
err_erase:
	xa_erase(table, key);
	return ret;
}

/**
 * uio_dmabuf_lookup - find a mapping that is user space's
 * @file:	the file, whose lock is held: while it is, the mapping stays
 * @handle:	the mapping's handle
 *
 * Return: the mapping, or NULL.
 */
struct uio_dmabuf_mapping *
uio_dmabuf_lookup(struct uio_dmabuf_file *file, u32 handle)
{
	lockdep_assert_held(&file->lock);
	if (!xa_get_mark(&file->handles, handle, UIO_DMABUF_LIVE))
		return NULL;

	return xa_load(&file->handles, handle);
}

static void uio_dmabuf_erase_handle(struct uio_dmabuf_file *file, u32 handle,
				    struct uio_dmabuf_mapping *mapping)
{
	xa_erase(&file->handles, handle);
	xa_erase(&file->buffers, uio_dmabuf_key(mapping->dmabuf));
}

/*
 * Maps and gives a handle, not yet live. Once the device is put,
 * unregistration may end and free the mapping: what there is to tell of it is
 * taken down before.
 */
static int uio_dmabuf_add_handle(struct uio_dmabuf_file *file,
				 struct uio_dmabuf_mapping *mapping,
				 struct uio_dmabuf_attach *attach)
{
	struct uio_dmabuf_device *device = file->device;
	int ret;

	ret = uio_dmabuf_device_get(device);
	if (ret)
		return ret;

	ret = uio_dmabuf_add_mapping(file, mapping, &file->buffers);
	if (ret)
		goto out_unlock;

	ret = xa_alloc_cyclic(&file->handles, &attach->handle, mapping,
			      xa_limit_32b, &file->next_handle, GFP_KERNEL);
	if (ret < 0)
		goto err_end;

	attach->flags = mapping->bounced ? UIO_DMABUF_BOUNCED : 0;
	attach->length = mapping->length;
	attach->nr_ranges = mapping->nr_ranges;
	uio_dmabuf_device_put(device);
	return 0;

err_end:
	xa_erase(&file->buffers, uio_dmabuf_key(mapping->dmabuf));
	uio_dmabuf_end_mapping(device, file, mapping);
out_unlock:
	uio_dmabuf_device_put(device);
	return ret;
}

/* Takes back a mapping that is not live, unless unregistration does. */
static void uio_dmabuf_undo_attach(struct uio_dmabuf_file *file, u32 handle)
{
	struct uio_dmabuf_mapping *mapping;

	if (uio_dmabuf_device_get(file->device))
		return;

	mapping = xa_load(&file->handles, handle);
	if (mapping) {
		uio_dmabuf_erase_handle(file, handle, mapping);
		uio_dmabuf_end_mapping(file->device, file, mapping);
		uio_dmabuf_free(mapping);
	}
	uio_dmabuf_device_put(file->device);
}

/**
 * uio_dmabuf_attach - UIO_IOC_DMABUF_ATTACH
 * @file:	imports of the open file
 * @mode:	how it was opened
 * @arg:	its argument
 *
 * Return: 0, or a negative errno.
 */
long uio_dmabuf_attach(struct uio_dmabuf_file *file, fmode_t mode,
		       void __user *arg)
{
	struct uio_dmabuf_mapping *mapping;
	struct uio_dmabuf_attach attach;
	enum dma_data_direction dir;
	struct dma_buf *dmabuf;
	int ret;

	ret = uio_dmabuf_get_args(&attach, sizeof(attach),
				  offsetofend(struct uio_dmabuf_attach, length),
				  arg);
	if (ret)
		return ret;
	if (attach.flags)
		return -EINVAL;

	ret = uio_dmabuf_direction(attach.direction, &dir);
	if (ret)
		return ret;

	dmabuf = dma_buf_get(attach.fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	/* Whether registers may be read says nothing about buffers. */
	mode |= FMODE_READ;
	if (!uio_dmabuf_may_attach(dir, mode & dmabuf->file->f_mode)) {
		dma_buf_put(dmabuf);
		return -EACCES;
	}

	mapping = uio_dmabuf_alloc(dmabuf, dir);
	if (!mapping)
		return -ENOMEM;

	ret = uio_dmabuf_add_handle(file, mapping, &attach);
	if (ret) {
		uio_dmabuf_free(mapping);
		return ret;
	}

	ret = uio_dmabuf_put_args(arg, &attach, sizeof(attach));
	if (ret) {
		uio_dmabuf_undo_attach(file, attach.handle);
		return ret;
	}

	xa_set_mark(&file->handles, attach.handle, UIO_DMABUF_LIVE);
	return 0;
}

/**
 * uio_dmabuf_detach - UIO_IOC_DMABUF_DETACH
 * @file:	imports of the open file
 * @arg:	its argument
 *
 * Return: 0, or a negative errno.
 */
long uio_dmabuf_detach(struct uio_dmabuf_file *file, void __user *arg)
{
	struct uio_dmabuf_mapping *mapping;
	struct uio_dmabuf_detach detach;
	int ret;

	ret = uio_dmabuf_get_args(&detach, sizeof(detach),
				  offsetofend(struct uio_dmabuf_detach,
					      __reserved), arg);
	if (ret)
		return ret;
	if (detach.flags || detach.__reserved)
		return -EINVAL;

	ret = uio_dmabuf_device_get(file->device);
	if (ret)
		return ret;

	mutex_lock(&file->lock);
	mapping = uio_dmabuf_lookup(file, detach.handle);
	if (mapping)
		uio_dmabuf_erase_handle(file, detach.handle, mapping);
	mutex_unlock(&file->lock);

	if (mapping) {
		uio_dmabuf_end_mapping(file->device, file, mapping);
		uio_dmabuf_free(mapping);
	}
	uio_dmabuf_device_put(file->device);
	return mapping ? 0 : -ENOENT;
}
