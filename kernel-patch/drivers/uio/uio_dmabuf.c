// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices
 *
 * A mapping belongs to the open file that made it. It ends when user space
 * ends it, when the file is released, or when the device is unregistered,
 * whichever comes first. Before the latter two the file's quiesce program stops
 * the device; what a device that does not stop may still write to is kept in
 * quarantine.
 *
 * A mapping is known by a handle or by its buffer, never by the number of a
 * descriptor: numbers are closed, reused and duplicated. The reference that each
 * mapping holds keeps the address of its struct dma_buf unique for as long as it
 * is a key.
 */

#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/completion.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/percpu-refcount.h>
#include <linux/pm_runtime.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"
#include "uio_dmabuf_parent.h"
#include "uio_quiesce.h"

/* As many as a careful program needs, and too few to fill memory with. */
#define UIO_DMABUF_MAX_MAPPINGS	32768

static enum uio_translation uio_dmabuf_translation(struct device *parent)
{
#ifdef CONFIG_IOMMU_API
	struct iommu_domain *domain = iommu_get_domain_for_dev(parent);

	switch (domain ? domain->type : IOMMU_DOMAIN_BLOCKED) {
	case IOMMU_DOMAIN_IDENTITY:
		return UIO_TRANSLATION_IDENTITY;
	case IOMMU_DOMAIN_DMA_FQ:
		return UIO_TRANSLATION_LAZY;
	case IOMMU_DOMAIN_DMA:
	case IOMMU_DOMAIN_UNMANAGED:
		return UIO_TRANSLATION_STRICT;
	}
#endif
	/* Other domains, if any, are a platform's own: some let all through. */
	return UIO_TRANSLATION_NONE;
}

/**
 * uio_dmabuf_translates - whether an IOMMU keeps a device from other memory
 * @parent:	the device that does the DMA
 *
 * Return: true when it does.
 */
bool uio_dmabuf_translates(struct device *parent)
{
	return uio_dmabuf_translation(parent) >= UIO_TRANSLATION_LAZY;
}

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

/**
 * uio_dmabuf_walk_start - begin a walk through the ranges of a mapping
 * @walk:	the walk
 * @mapping:	the mapping
 */
void uio_dmabuf_walk_start(struct uio_dmabuf_walk *walk,
			   const struct uio_dmabuf_mapping *mapping)
{
	walk->sg = mapping->sgt->sgl;
	walk->left = mapping->sgt->nents;
}

/**
 * uio_dmabuf_walk_next - the next range, made of all entries that touch
 * @walk:	the walk
 * @range:	where to store the range
 *
 * Return: whether there was one.
 */
bool uio_dmabuf_walk_next(struct uio_dmabuf_walk *walk,
			  struct uio_dmabuf_range *range)
{
	if (!walk->left)
		return false;

	range->address = sg_dma_address(walk->sg);
	range->length = sg_dma_len(walk->sg);
	while (--walk->left) {
		walk->sg = sg_next(walk->sg);
		if (sg_dma_address(walk->sg) != range->address + range->length)
			break;
		range->length += sg_dma_len(walk->sg);
	}

	return true;
}

static void uio_dmabuf_measure(struct uio_dmabuf_mapping *mapping)
{
	struct uio_dmabuf_range range;
	struct uio_dmabuf_walk walk;

	uio_dmabuf_walk_start(&walk, mapping);
	while (uio_dmabuf_walk_next(&walk, &range)) {
		mapping->nr_ranges++;
		mapping->length += range.length;
	}
}

/* Pinned buffers do not move. */
static void uio_dmabuf_move_notify(struct dma_buf_attachment *attachment)
{
}

static const struct dma_buf_attach_ops uio_dmabuf_attach_ops = {
	.move_notify	= uio_dmabuf_move_notify,
};

/*
 * Lazy translation lets a device reach what is unmapped until the IOMMU is told
 * to forget, as the DMA layer does some milliseconds later.
 */
static void uio_dmabuf_flush(struct device *parent)
{
	if (uio_dmabuf_translation(parent) == UIO_TRANSLATION_LAZY)
		iommu_flush_iotlb_all(iommu_get_domain_for_dev(parent));
}

static void uio_dmabuf_unpin(struct uio_dmabuf_mapping *mapping)
{
	dma_resv_lock(mapping->dmabuf->resv, NULL);
	dma_buf_unpin(mapping->attachment);
	dma_resv_unlock(mapping->dmabuf->resv);
}

/* A buffer that can move: first it has to be where it will stay. */
static struct sg_table *uio_dmabuf_map_pinned(struct uio_dmabuf_mapping *mapping)
{
	struct dma_resv *resv = mapping->dmabuf->resv;
	struct sg_table *sgt;
	long ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ERR_PTR(ret);

	ret = dma_buf_pin(mapping->attachment);
	if (ret)
		goto err_unlock;

	sgt = dma_buf_map_attachment(mapping->attachment, mapping->dir);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto err_unpin;
	}

	ret = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, true,
				    MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		goto err_unmap;

	dma_resv_unlock(resv);
	return sgt;

err_unmap:
	dma_buf_unmap_attachment(mapping->attachment, sgt, mapping->dir);
	uio_dmabuf_flush(mapping->attachment->dev);
err_unpin:
	dma_buf_unpin(mapping->attachment);
err_unlock:
	dma_resv_unlock(resv);
	return ERR_PTR(ret == -ERESTARTSYS ? -EINTR : ret);
}

/**
 * uio_dmabuf_map - map a buffer, wherever it is
 * @mapping:	the mapping
 * @parent:	the device that does the DMA
 *
 * Return: 0, or the exporter's error.
 */
int uio_dmabuf_map(struct uio_dmabuf_mapping *mapping, struct device *parent)
{
	int ret;

	mapping->pinned = dma_buf_is_dynamic(mapping->dmabuf);
	mapping->attachment =
		dma_buf_dynamic_attach(mapping->dmabuf, parent,
				       mapping->pinned ? &uio_dmabuf_attach_ops :
							 NULL, mapping);
	if (IS_ERR(mapping->attachment))
		return PTR_ERR(mapping->attachment);

	if (mapping->pinned)
		mapping->sgt = uio_dmabuf_map_pinned(mapping);
	else
		mapping->sgt = dma_buf_map_attachment_unlocked(mapping->attachment,
							       mapping->dir);
	if (IS_ERR(mapping->sgt)) {
		ret = PTR_ERR(mapping->sgt);
		goto err_detach;
	}

	uio_dmabuf_measure(mapping);
	return 0;

err_detach:
	dma_buf_detach(mapping->dmabuf, mapping->attachment);
	return ret;
}

/*
 * Takes a buffer from the device. Its memory is kept: when the exporter pinned
 * it, in place, in any case by the reference.
 */
static void uio_dmabuf_end_access(struct uio_dmabuf_mapping *mapping)
{
	dma_buf_unmap_attachment_unlocked(mapping->attachment, mapping->sgt,
					  mapping->dir);
	/* Some exporters only unmap then. */
	if (!mapping->pinned)
		dma_buf_detach(mapping->dmabuf, mapping->attachment);
}

/* Lets go of its memory, once the IOMMU was flushed. */
static void uio_dmabuf_let_go(struct uio_dmabuf_mapping *mapping)
{
	if (!mapping->pinned)
		return;

	uio_dmabuf_unpin(mapping);
	dma_buf_detach(mapping->dmabuf, mapping->attachment);
}

/**
 * uio_dmabuf_unmap - undo uio_dmabuf_map()
 * @mapping:	the mapping
 * @parent:	the same device
 */
void uio_dmabuf_unmap(struct uio_dmabuf_mapping *mapping, struct device *parent)
{
	uio_dmabuf_end_access(mapping);
	uio_dmabuf_flush(parent);
	uio_dmabuf_let_go(mapping);
}

/**
 * uio_dmabuf_alloc - make room for a mapping
 * @dmabuf:	the buffer, whose reference goes over, also on failure
 * @dir:	direction of the DMA
 *
 * Return: the mapping, or NULL without memory.
 */
struct uio_dmabuf_mapping *uio_dmabuf_alloc(struct dma_buf *dmabuf,
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

/**
 * uio_dmabuf_free - let go of a mapping that never began, or has ended
 * @mapping:	the mapping
 */
void uio_dmabuf_free(struct uio_dmabuf_mapping *mapping)
{
	dma_buf_put(mapping->dmabuf);
	kfree(mapping);
}

static int uio_dmabuf_charge(struct uio_dmabuf_file *file, u64 bytes)
{
	struct uio_dmabuf_device *device = file->device;
	int ret = 0;

	spin_lock(&device->count_lock);
	if (uio_dmabuf_claimed(file)) {
		ret = -EBUSY;
	} else if (device->nr_mappings >= device->max_mappings) {
		ret = -ENOSPC;
	} else if (device->nr_bytes >= device->max_bytes ||
		   bytes > device->max_bytes - device->nr_bytes) {
		ret = -ENOMEM;
	} else if (!uio_dmabuf_parent_charge(device->shared)) {
		ret = -EBUSY;
	} else {
		device->nr_mappings++;
		device->nr_bytes += bytes;
		file->nr_mappings++;
		file->nr_bytes += bytes;
	}
	spin_unlock(&device->count_lock);
	return ret;
}

static void uio_dmabuf_uncharge(struct uio_dmabuf_device *device,
				struct uio_dmabuf_file *file, u64 bytes)
{
	spin_lock(&device->count_lock);
	device->nr_mappings--;
	device->nr_bytes -= bytes;
	if (file) {
		file->nr_mappings--;
		file->nr_bytes -= bytes;
	}
	spin_unlock(&device->count_lock);
	uio_dmabuf_parent_uncharge(device->shared);
}

/**
 * uio_dmabuf_first - whether something is to be told of a device
 * @device:	imports of the device
 * @told:	its member that says so
 *
 * Return: true once in the life of a device.
 */
bool uio_dmabuf_first(struct uio_dmabuf_device *device, bool *told)
{
	bool first;

	spin_lock(&device->count_lock);
	first = !*told;
	*told = true;
	spin_unlock(&device->count_lock);
	return first;
}

/**
 * uio_dmabuf_enter - keep the device registered
 * @device:	imports of the device
 *
 * Never waits: exporters are asked meanwhile, who do.
 *
 * Return: 0; -ENODEV when the device is being unregistered.
 */
int uio_dmabuf_enter(struct uio_dmabuf_device *device)
{
	if (!percpu_ref_tryget_live(&device->active))
		return -ENODEV;

	rwsem_acquire_read(&device->dep_map, 0, 1, _RET_IP_);
	return 0;
}

/**
 * uio_dmabuf_leave - undo uio_dmabuf_enter()
 * @device:	imports of the device
 */
void uio_dmabuf_leave(struct uio_dmabuf_device *device)
{
	rwsem_release(&device->dep_map, _RET_IP_);
	percpu_ref_put(&device->active);
}

/**
 * uio_dmabuf_does_dma - whether buffers can be attached to a device at all
 * @device:	imports of the device, which was entered
 *
 * The DMA layer warns about a device that has no mask.
 *
 * Return: true when they can.
 */
bool uio_dmabuf_does_dma(struct uio_dmabuf_device *device)
{
	return device->is_drivers && device->parent->dma_mask;
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
static int uio_dmabuf_permit(struct uio_dmabuf_device *device)
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
	    !uio_dmabuf_first(device, &device->tainted))
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
 * uio_dmabuf_begin - map a buffer and put it into a table, not yet live
 * @file:	the file, of a device that was entered
 * @mapping:	the mapping
 * @table:	one of the tables that are indexed by buffers
 *
 * The key is taken first: of two maps of one buffer the second must not reach
 * the exporter.
 *
 * Return: 0, or a negative errno.
 */
int uio_dmabuf_begin(struct uio_dmabuf_file *file,
		     struct uio_dmabuf_mapping *mapping, struct xarray *table)
{
	unsigned long key = uio_dmabuf_key(mapping->dmabuf);
	struct uio_dmabuf_device *device = file->device;
	int ret;

	ret = uio_dmabuf_permit(device);
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
 * uio_dmabuf_end - unmap a buffer that is out of all tables
 * @device:	imports of the device, which was entered
 * @file:	the file, or NULL when it has the mapping no longer
 * @mapping:	the mapping
 */
void uio_dmabuf_end(struct uio_dmabuf_device *device,
		    struct uio_dmabuf_file *file,
		    struct uio_dmabuf_mapping *mapping)
{
	uio_dmabuf_unmap(mapping, device->parent);
	uio_dmabuf_uncharge(device, file, mapping->dmabuf->size);
}

/**
 * uio_dmabuf_end_all - unmap buffers that belong to no file any more
 * @device:	imports of the device, which was entered
 * @mappings:	&struct uio_dmabuf_mapping.node, empty afterwards
 *
 * The IOMMU is flushed once for all of them.
 *
 * Return: how many there were.
 */
unsigned int uio_dmabuf_end_all(struct uio_dmabuf_device *device,
				struct list_head *mappings)
{
	struct uio_dmabuf_mapping *mapping, *next;
	unsigned int count = 0;

	if (list_empty(mappings))
		return 0;

	list_for_each_entry(mapping, mappings, node) {
		uio_dmabuf_end_access(mapping);
		cond_resched();
	}

	uio_dmabuf_flush(device->parent);
	list_for_each_entry_safe(mapping, next, mappings, node) {
		list_del(&mapping->node);
		uio_dmabuf_let_go(mapping);
		uio_dmabuf_uncharge(device, NULL, mapping->dmabuf->size);
		uio_dmabuf_free(mapping);
		count++;
		cond_resched();
	}

	return count;
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

static void uio_dmabuf_forget(struct uio_dmabuf_file *file, u32 handle,
			      struct uio_dmabuf_mapping *mapping)
{
	xa_erase(&file->handles, handle);
	xa_erase(&file->buffers, uio_dmabuf_key(mapping->dmabuf));
}

/* Takes all mappings out of the tables: the device's files_lock is held. */
static void uio_dmabuf_collect(struct uio_dmabuf_file *file,
			       struct list_head *mappings)
{
	struct uio_dmabuf_mapping *mapping;
	unsigned long index;

	lockdep_assert_held(&file->device->files_lock);
	xa_for_each(&file->handles, index, mapping)
		list_add_tail(&mapping->node, mappings);
	xa_for_each(&file->args, index, mapping)
		list_add_tail(&mapping->node, mappings);

	xa_destroy(&file->handles);
	xa_destroy(&file->buffers);
	xa_destroy(&file->args);

	spin_lock(&file->device->count_lock);
	file->nr_mappings = 0;
	file->nr_bytes = 0;
	spin_unlock(&file->device->count_lock);
}

/**
 * uio_dmabuf_get_args - read an argument from user space
 * @args:	where to store it
 * @size:	its size as this kernel knows it
 * @min_size:	its size in the first version of the ABI
 * @arg:	its address
 *
 * The size leads it. What an older program lacks is zero, what a newer one adds
 * must be.
 *
 * Return: 0, or a negative errno.
 */
int uio_dmabuf_get_args(void *args, size_t size, size_t min_size,
			void __user *arg)
{
	u32 usize;
	int ret;

	if (get_user(usize, (u32 __user *)arg))
		return -EFAULT;
	if (usize < min_size)
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;

	ret = copy_struct_from_user(args, size, arg, usize);
	if (ret)
		return ret;

	/* It may have changed since. */
	*(u32 *)args = usize;
	return 0;
}

/**
 * uio_dmabuf_put_args - write an argument back to user space
 * @arg:	its address
 * @args:	the argument, led by its size as the program knows it
 * @size:	its size as this kernel knows it
 *
 * Return: 0, or -EFAULT.
 */
int uio_dmabuf_put_args(void __user *arg, const void *args, size_t size)
{
	const u32 *usize = args;

	size = min_t(size_t, size, *usize);
	return copy_to_user(arg, args, size) ? -EFAULT : 0;
}

static long uio_dmabuf_query(struct uio_dmabuf_file *file, void __user *arg)
{
	struct uio_dmabuf_device *device = file->device;
	struct uio_query query;
	int ret;

	ret = uio_dmabuf_get_args(&query, sizeof(query),
				  offsetofend(struct uio_query, max_bytes), arg);
	if (ret)
		return ret;
	if (query.flags)
		return -EINVAL;

	query = (struct uio_query) {
		.size = query.size,
		.features = UIO_FEATURE_WRITE_ADDRESS | UIO_FEATURE_QUIESCE |
			    UIO_FEATURE_CLAIM,
		.max_quiesce_ops = UIO_QUIESCE_MAX_OPS,
		.max_quiesce_us = UIO_QUIESCE_MAX_US,
	};
	if (IS_ENABLED(CONFIG_UIO_DMABUF_ADDRESSES))
		query.features |= UIO_FEATURE_ADDRESSES;

	ret = uio_dmabuf_enter(device);
	if (ret)
		return ret;

	if (uio_dmabuf_does_dma(device)) {
		query.features |= UIO_FEATURE_DMABUF;
		query.translation = uio_dmabuf_translation(device->parent);
		query.address_bits = fls64(dma_get_mask(device->parent));
	}
	spin_lock(&device->count_lock);
	query.max_mappings = device->max_mappings;
	query.max_bytes = device->max_bytes;
	spin_unlock(&device->count_lock);
	uio_dmabuf_leave(device);

	return uio_dmabuf_put_args(arg, &query, sizeof(query));
}

/*
 * Maps and gives a handle, not yet live. Once the device is left,
 * unregistration may end and free the mapping: what there is to tell of it is
 * taken down before.
 */
static int uio_dmabuf_insert(struct uio_dmabuf_file *file,
			     struct uio_dmabuf_mapping *mapping,
			     struct uio_dmabuf_attach *attach)
{
	struct uio_dmabuf_device *device = file->device;
	int ret;

	ret = uio_dmabuf_enter(device);
	if (ret)
		return ret;

	ret = uio_dmabuf_begin(file, mapping, &file->buffers);
	if (ret)
		goto out_unlock;

	ret = xa_alloc_cyclic(&file->handles, &attach->handle, mapping,
			      xa_limit_32b, &file->next_handle, GFP_KERNEL);
	if (ret < 0)
		goto err_end;

	attach->flags = mapping->bounced ? UIO_DMABUF_BOUNCED : 0;
	attach->length = mapping->length;
	attach->nr_ranges = mapping->nr_ranges;
	uio_dmabuf_leave(device);
	return 0;

err_end:
	xa_erase(&file->buffers, uio_dmabuf_key(mapping->dmabuf));
	uio_dmabuf_end(device, file, mapping);
out_unlock:
	uio_dmabuf_leave(device);
	return ret;
}

/* Takes back a mapping that is not live, unless unregistration does. */
static void uio_dmabuf_undo(struct uio_dmabuf_file *file, u32 handle)
{
	struct uio_dmabuf_mapping *mapping;

	if (uio_dmabuf_enter(file->device))
		return;

	mapping = xa_load(&file->handles, handle);
	if (mapping) {
		uio_dmabuf_forget(file, handle, mapping);
		uio_dmabuf_end(file->device, file, mapping);
		uio_dmabuf_free(mapping);
	}
	uio_dmabuf_leave(file->device);
}

static long uio_dmabuf_attach(struct uio_dmabuf_file *file, fmode_t mode,
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

	ret = uio_dmabuf_insert(file, mapping, &attach);
	if (ret) {
		uio_dmabuf_free(mapping);
		return ret;
	}

	ret = uio_dmabuf_put_args(arg, &attach, sizeof(attach));
	if (ret) {
		uio_dmabuf_undo(file, attach.handle);
		return ret;
	}

	xa_set_mark(&file->handles, attach.handle, UIO_DMABUF_LIVE);
	return 0;
}

static long uio_dmabuf_detach(struct uio_dmabuf_file *file, void __user *arg)
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

	ret = uio_dmabuf_enter(file->device);
	if (ret)
		return ret;

	mutex_lock(&file->lock);
	mapping = uio_dmabuf_lookup(file, detach.handle);
	if (mapping)
		uio_dmabuf_forget(file, detach.handle, mapping);
	mutex_unlock(&file->lock);

	if (mapping) {
		uio_dmabuf_end(file->device, file, mapping);
		uio_dmabuf_free(mapping);
	}
	uio_dmabuf_leave(file->device);
	return mapping ? 0 : -ENOENT;
}

/**
 * uio_dmabuf_ioctl - ioctls of the import
 * @file:	imports of the open file
 * @filep:	the open file
 * @cmd:	which one
 * @arg:	address of its argument
 *
 * Return: 0, or a negative errno: ENOTTY for an unknown @cmd.
 */
long uio_dmabuf_ioctl(struct uio_dmabuf_file *file, struct file *filep,
		      unsigned int cmd, unsigned long arg)
{
	void __user *args = (void __user *)arg;

	switch (cmd) {
	case UIO_IOC_QUERY:
		return uio_dmabuf_query(file, args);
	case UIO_IOC_DMABUF_ATTACH:
		return uio_dmabuf_attach(file, filep->f_mode, args);
	case UIO_IOC_DMABUF_DETACH:
		return uio_dmabuf_detach(file, args);
	case UIO_IOC_DMABUF_RANGES:
		return uio_dmabuf_ranges(file, args);
	case UIO_IOC_DMABUF_WRITE_ADDRESS:
		return uio_dmabuf_write_address(file, filep->f_mode, args);
	case UIO_IOC_SET_QUIESCE:
		return uio_dmabuf_set_quiesce(file, filep->f_mode, args);
	case UIO_IOC_CLAIM:
		return uio_dmabuf_claim(file, filep->f_mode, args);
	default:
		return uio_dmabuf_xlnx_ioctl(file, filep, cmd, args);
	}
}

/**
 * uio_dmabuf_compat_ioctl - the same for programs of 32 bits
 * @file:	imports of the open file
 * @filep:	the open file
 * @cmd:	which one
 * @arg:	address of its argument
 *
 * Only i386 has other layouts, and only of the boards' ioctls.
 *
 * Return: 0, or a negative errno: ENOTTY for an unknown @cmd.
 */
long uio_dmabuf_compat_ioctl(struct uio_dmabuf_file *file, struct file *filep,
			     unsigned int cmd, unsigned long arg)
{
	long ret;

	ret = uio_dmabuf_xlnx_compat_ioctl(file, filep, cmd, compat_ptr(arg));
	if (ret != -ENOTTY)
		return ret;

	return uio_dmabuf_ioctl(file, filep, cmd,
				(unsigned long)compat_ptr(arg));
}

/**
 * uio_dmabuf_show_fdinfo - what a file has mapped
 * @file:	imports of the file
 * @m:		/proc/PID/fdinfo/FD
 */
void uio_dmabuf_show_fdinfo(struct uio_dmabuf_file *file, struct seq_file *m)
{
	unsigned int nr_mappings;
	bool claimant;
	u64 nr_bytes;

	spin_lock(&file->device->count_lock);
	claimant = file->device->claimant == file;
	nr_mappings = file->nr_mappings;
	nr_bytes = file->nr_bytes;
	spin_unlock(&file->device->count_lock);

	seq_printf(m, "dmabuf-mappings:\t%u\n", nr_mappings);
	seq_printf(m, "dmabuf-bytes:\t%llu\n", nr_bytes);
	seq_printf(m, "claim:\t%d\n", claimant);
}

/**
 * uio_dmabuf_open - a file of the device was opened
 * @file:	imports of the file, to be initialised
 * @device:	imports of the device
 */
void uio_dmabuf_open(struct uio_dmabuf_file *file,
		     struct uio_dmabuf_device *device)
{
	memset(file, 0, sizeof(*file));
	file->device = device;
	mutex_init(&file->lock);
	xa_init_flags(&file->handles, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	xa_init_flags(&file->buffers, XA_FLAGS_ACCOUNT);
	xa_init_flags(&file->args, XA_FLAGS_ACCOUNT);

	mutex_lock(&device->files_lock);
	list_add(&file->node, &device->files);
	mutex_unlock(&device->files_lock);
}

/* What a file has besides mappings. */
static void uio_dmabuf_close(struct uio_dmabuf_file *file)
{
	uio_dmabuf_quiescer_free(file->quiescer);
	file->quiescer = NULL;
	if (file->window)
		iounmap(file->window);
	file->window = NULL;
}

/* What a file has is unregistration's to end. */
static void uio_dmabuf_hand_over(struct uio_dmabuf_file *file)
{
	LIST_HEAD(mappings);

	uio_dmabuf_collect(file, &mappings);
	if (file->quiescer && !list_empty(&mappings))
		uio_dmabuf_keep(file, &mappings);
	else
		list_splice_tail(&mappings, &file->device->orphans);
	uio_dmabuf_close(file);
}

/**
 * uio_dmabuf_release - the last reference to a file is gone: end its mappings
 * @file:	imports of the file
 *
 * To be called after the driver's release hook: some stop the device there.
 */
void uio_dmabuf_release(struct uio_dmabuf_file *file)
{
	struct uio_dmabuf_device *device = file->device;
	bool gone = uio_dmabuf_enter(device);
	LIST_HEAD(mappings);

	mutex_lock(&device->files_lock);
	list_del(&file->node);
	if (gone)
		uio_dmabuf_hand_over(file);
	else
		uio_dmabuf_collect(file, &mappings);
	mutex_unlock(&device->files_lock);

	spin_lock(&device->count_lock);
	if (device->claimant == file)
		device->claimant = NULL;
	spin_unlock(&device->count_lock);

	if (!gone) {
		if (file->restless)
			uio_dmabuf_quarantine(file, &mappings);
		else
			uio_dmabuf_end_all(device, &mappings);
		uio_dmabuf_leave(device);
	}
	uio_dmabuf_close(file);
}

static void uio_dmabuf_idle(struct percpu_ref *active)
{
	complete(&container_of(active, struct uio_dmabuf_device, active)->idle);
}

/**
 * uio_dmabuf_register - the device can be opened from now on
 * @device:	imports of the device, to be initialised
 * @parent:	the device that does the DMA
 * @is_drivers:	the driver of @parent registers it, while it is being bound
 * @info:	the UIO device
 *
 * Return: 0, or -ENOMEM.
 */
int uio_dmabuf_register(struct uio_dmabuf_device *device,
			struct device *parent, bool is_drivers,
			struct uio_info *info)
{
	static struct lock_class_key key;
	int ret;

	ret = percpu_ref_init(&device->active, uio_dmabuf_idle, 0, GFP_KERNEL);
	if (ret)
		return ret;

	device->shared = uio_dmabuf_parent_get(parent);
	if (IS_ERR(device->shared)) {
		percpu_ref_exit(&device->active);
		return PTR_ERR(device->shared);
	}

	device->info = info;
	device->parent = parent;
	device->is_drivers = is_drivers;
	init_completion(&device->idle);
	lockdep_init_map(&device->dep_map, "uio_dmabuf_device.active", &key, 0);
	mutex_init(&device->files_lock);
	spin_lock_init(&device->count_lock);
	mutex_init(&device->claim_lock);
	INIT_LIST_HEAD(&device->files);
	INIT_LIST_HEAD(&device->orphans);
	uio_dmabuf_quarantine_init(device);

	/* More than all memory is the same memory more than once. */
	device->max_mappings = UIO_DMABUF_MAX_MAPPINGS;
	device->max_bytes = (u64)totalram_pages() << PAGE_SHIFT;
	return 0;
}

/* Waits for all who use the device, and lets nobody begin. */
static void uio_dmabuf_deactivate(struct uio_dmabuf_device *device)
{
	percpu_ref_kill(&device->active);
	rwsem_acquire(&device->dep_map, 0, 0, _RET_IP_);
	wait_for_completion(&device->idle);
	rwsem_release(&device->dep_map, _RET_IP_);
	percpu_ref_exit(&device->active);
}

/**
 * uio_dmabuf_unregister - the device goes: end the mappings of all its files
 * @device:	imports of the device
 *
 * After a driver is unbound its device may not be used for DMA any more,
 * however long files stay open. So drivers unregister before they are unbound.
 */
void uio_dmabuf_unregister(struct uio_dmabuf_device *device)
{
	struct device *parent = device->parent;
	struct uio_dmabuf_file *file;
	unsigned int kept;

	uio_dmabuf_deactivate(device);
	mutex_lock(&device->files_lock);
	list_for_each_entry(file, &device->files, node)
		uio_dmabuf_hand_over(file);
	mutex_unlock(&device->files_lock);

	uio_dmabuf_stop(device);
	kept = uio_dmabuf_revoke_quarantine(device);
	uio_dmabuf_end_all(device, &device->orphans);
	cancel_delayed_work_sync(&device->retry);
	uio_dmabuf_parent_put(device->shared);

	if (kept)
		dev_err(parent,
			"did not stop: the memory of %u dma-bufs is kept from others until reboot\n",
			kept);
}

MODULE_IMPORT_NS(DMA_BUF);
