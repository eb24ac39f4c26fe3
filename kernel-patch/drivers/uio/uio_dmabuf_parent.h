/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Import of dma-bufs into UIO devices: what the UIO devices of one parent share.
 */
#ifndef _UIO_DMABUF_PARENT_H_
#define _UIO_DMABUF_PARENT_H_

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/semaphore.h>
#include <linux/types.h>

struct device;

/**
 * struct uio_dmabuf_parent - what the UIO devices of one parent share
 * @node:	in the list of all of them
 * @dev:	the parent
 * @users:	how many UIO devices it has
 * @nr_mappings: how many mappings they have, and those that are being made; -1
 *		while @dev gets another DMA mask
 * @max_seg_size: @dev's maximum segment size before it was raised, or 0
 * @dma_mask:	@dev's DMA mask before it was set in sysfs, or 0
 * @coherent_dma_mask: the same of its coherent memory
 * @turn:	held while the kernel stops the device, by one program at a time
 */
struct uio_dmabuf_parent {
	struct list_head	node;
	struct device		*dev;
	unsigned int		users;
	atomic_t		nr_mappings;
	unsigned int		max_seg_size;
	u64			dma_mask;
	u64			coherent_dma_mask;
	struct semaphore	turn;
};

struct uio_dmabuf_parent *uio_dmabuf_parent_get(struct device *dev);
void uio_dmabuf_parent_put(struct uio_dmabuf_parent *parent);
void uio_dmabuf_raise_max_seg_size(struct uio_dmabuf_parent *parent);
int uio_dmabuf_set_mask(struct uio_dmabuf_parent *parent, u64 mask);

/**
 * uio_dmabuf_parent_charge - count a mapping, before it is made
 * @parent:	what the UIO devices of a parent share
 *
 * Return: false while the DMA mask changes.
 */
static inline bool uio_dmabuf_parent_charge(struct uio_dmabuf_parent *parent)
{
	return atomic_inc_unless_negative(&parent->nr_mappings);
}

/**
 * uio_dmabuf_parent_uncharge - a mapping has ended
 * @parent:	what the UIO devices of a parent share
 */
static inline void uio_dmabuf_parent_uncharge(struct uio_dmabuf_parent *parent)
{
	atomic_dec(&parent->nr_mappings);
}

#endif /* _UIO_DMABUF_PARENT_H_ */
