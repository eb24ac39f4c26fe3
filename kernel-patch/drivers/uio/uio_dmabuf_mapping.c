// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: a buffer is mapped for a device, and
 * unmapped.
 */

#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"

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

static void uio_dmabuf_count_ranges(struct uio_dmabuf_mapping *mapping)
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

	uio_dmabuf_count_ranges(mapping);
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
static void uio_dmabuf_release_memory(struct uio_dmabuf_mapping *mapping)
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
	uio_dmabuf_release_memory(mapping);
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

/**
 * uio_dmabuf_end_mapping - unmap a buffer that is out of all tables
 * @device:	imports of the device, held by uio_dmabuf_device_get()
 * @file:	the file, or NULL when it has the mapping no longer
 * @mapping:	the mapping
 */
void uio_dmabuf_end_mapping(struct uio_dmabuf_device *device,
			    struct uio_dmabuf_file *file,
			    struct uio_dmabuf_mapping *mapping)
{
	uio_dmabuf_unmap(mapping, device->parent);
	uio_dmabuf_uncharge(device, file, mapping->dmabuf->size);
}

/**
 * uio_dmabuf_end_mappings - unmap buffers that belong to no file any more
 * @device:	imports of the device, held by uio_dmabuf_device_get()
 * @mappings:	&struct uio_dmabuf_mapping.node, empty afterwards
 *
 * The IOMMU is flushed once for all of them.
 *
 * Return: how many there were.
 */
unsigned int uio_dmabuf_end_mappings(struct uio_dmabuf_device *device,
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
		uio_dmabuf_release_memory(mapping);
		uio_dmabuf_uncharge(device, NULL, mapping->dmabuf->size);
		uio_dmabuf_free(mapping);
		count++;
		cond_resched();
	}

	return count;
}
