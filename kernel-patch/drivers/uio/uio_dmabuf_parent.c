// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: what the UIO devices of one parent share.
 */

#include <linux/err.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "uio_dmabuf_mapping.h"

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

/**
 * uio_dmabuf_parent_put - a UIO device is unregistered
 * @parent:	what it shares with others
 */
void uio_dmabuf_parent_put(struct uio_dmabuf_parent *parent)
{
	mutex_lock(&uio_dmabuf_parents_lock);
	if (!--parent->users) {
		list_del(&parent->node);
		kfree(parent);
	}
	mutex_unlock(&uio_dmabuf_parents_lock);
}
