// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: what the UIO devices of one parent share.
 *
 * What they change of the parent stays changed until the last of them goes: the
 * next driver finds what the first of them found.
 */

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "uio_dmabuf_parent.h"

/* Protects the list of them, and how many use each. */
static DEFINE_MUTEX(uio_dmabuf_parents_lock);
static LIST_HEAD(uio_dmabuf_parents);

static struct uio_dmabuf_parent *uio_dmabuf_find_parent(struct device *dev)
{
	struct uio_dmabuf_parent *parent;

	lockdep_assert_held(&uio_dmabuf_parents_lock);
	list_for_each_entry(parent, &uio_dmabuf_parents, node)
		if (parent->dev == dev)
			return parent;

	parent = kzalloc(sizeof(*parent), GFP_KERNEL);
	if (!parent)
		return NULL;

	parent->dev = dev;
	sema_init(&parent->turn, 1);
	list_add(&parent->node, &uio_dmabuf_parents);
	return parent;
}

/**
 * uio_dmabuf_parent_get - what the UIO devices of a parent share
 * @dev:	the parent, which stays until uio_dmabuf_parent_put()
 *
 * Return: it, or an ERR_PTR().
 */
struct uio_dmabuf_parent *uio_dmabuf_parent_get(struct device *dev)
{
	struct uio_dmabuf_parent *parent;

	mutex_lock(&uio_dmabuf_parents_lock);
	parent = uio_dmabuf_find_parent(dev);
	if (parent)
		parent->users++;
	mutex_unlock(&uio_dmabuf_parents_lock);
	return parent ? parent : ERR_PTR(-ENOMEM);
}

static void uio_dmabuf_restore_parent(struct uio_dmabuf_parent *parent)
{
	struct device *dev = parent->dev;

	if (parent->max_seg_size && dma_get_max_seg_size(dev) == UINT_MAX)
		dma_set_max_seg_size(dev, parent->max_seg_size);

	if (parent->dma_mask) {
		dma_set_mask(dev, parent->dma_mask);
		dma_set_coherent_mask(dev, parent->coherent_dma_mask);
	}
}

/**
 * uio_dmabuf_parent_put - a UIO device is unregistered
 * @parent:	what it shares with others
 */
void uio_dmabuf_parent_put(struct uio_dmabuf_parent *parent)
{
	mutex_lock(&uio_dmabuf_parents_lock);
	if (!--parent->users) {
		uio_dmabuf_restore_parent(parent);
		list_del(&parent->node);
		kfree(parent);
	}
	mutex_unlock(&uio_dmabuf_parents_lock);
}

/*
 * Drivers that do no DMA of their own. What others have chosen is theirs: the
 * number alone does not tell, as PCI and SCSI set the default, too.
 */
static bool uio_dmabuf_is_generic(const struct device_driver *driver)
{
	static const char * const names[] = {
		"uio_dmem_genirq", "uio_pci_generic", "uio_pdrv_genirq",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(driver->name, names[i]))
			return true;

	return false;
}

/**
 * uio_dmabuf_raise_max_seg_size - let a device have long segments
 * @parent:	what the UIO devices share that the device's driver registered
 *
 * User space wants ranges as long as can be had. The default is 64 KiB.
 */
void uio_dmabuf_raise_max_seg_size(struct uio_dmabuf_parent *parent)
{
	struct device *dev = parent->dev;
	unsigned int size;

	if (!dev->dma_parms)
		return;

	size = dma_get_max_seg_size(dev);
	if (size == UINT_MAX || !uio_dmabuf_is_generic(dev->driver))
		return;

	/* Of those who raise it at once, all have found the same. */
	WRITE_ONCE(parent->max_seg_size, size);
	dma_set_max_seg_size(dev, UINT_MAX);
}

/**
 * uio_dmabuf_set_mask - give a device another DMA mask
 * @parent:	what the UIO devices share that the device's driver registered
 * @mask:	the mask
 *
 * It must not change under a mapping that was made with it.
 *
 * Return: 0, or a negative errno: EBUSY while there are mappings.
 */
int uio_dmabuf_set_mask(struct uio_dmabuf_parent *parent, u64 mask)
{
	struct device *dev = parent->dev;
	int ret;

	if (atomic_cmpxchg(&parent->nr_mappings, 0, -1))
		return -EBUSY;

	if (!parent->dma_mask) {
		parent->dma_mask = *dev->dma_mask;
		parent->coherent_dma_mask = dev->coherent_dma_mask;
	}
	ret = dma_set_mask_and_coherent(dev, mask);
	atomic_set_release(&parent->nr_mappings, 0);
	return ret;
}
