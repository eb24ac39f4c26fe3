/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the UIO core share, and no driver sees.
 */
#ifndef _UIO_CORE_H_
#define _UIO_CORE_H_

#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/uio_driver.h>

#include "uio_dmabuf.h"

struct page;

/**
 * struct uio_core_map - what a user's mapping of registers points to
 * @core:	the device
 * @index:	which of its maps
 */
struct uio_core_map {
	struct uio_core_device	*core;
	unsigned int		index;
};

/**
 * struct uio_core_device - what the core keeps of a UIO device
 * @idev:	the part that UIO drivers see
 * @maps:	one for each of the driver's
 * @listeners:	open files, under the info_lock of @idev
 * @info:	@idev's description while user's mappings may show its maps
 * @placeholder: what they show once the device is gone
 * @dmabuf:	imported dma-bufs
 *
 * What only the core uses goes here, out of the sight of drivers.
 */
struct uio_core_device {
	struct uio_device		idev;
	struct uio_core_map		maps[MAX_UIO_MAPS];
	struct list_head		listeners;
	/**
	 * @map_lock: protects @info and @placeholder. Held for reading while a
	 * mapping of a user is filled, under its mmap lock; for writing when the
	 * device goes, before all mappings are taken away.
	 */
	struct rw_semaphore		map_lock;
	const struct uio_info		*info;
	struct page			*placeholder;
	struct uio_dmabuf_device	dmabuf;
};

static inline struct uio_core_device *
to_uio_core_device(struct uio_device *idev)
{
	return container_of(idev, struct uio_core_device, idev);
}

#endif /* _UIO_CORE_H_ */
