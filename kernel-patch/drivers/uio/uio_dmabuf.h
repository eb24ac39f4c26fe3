/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Import of dma-bufs into UIO devices: what the UIO core calls.
 */
#ifndef _UIO_DMABUF_H_
#define _UIO_DMABUF_H_

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct device;
struct file;

#ifdef CONFIG_UIO_DMABUF

/**
 * struct uio_dmabuf_device - the imports of one UIO device
 * @parent:	device that does the DMA, not touched once @gone is set
 * @files:	open files, &struct uio_dmabuf_file.node
 * @max_seg_size: @parent's maximum segment size before the first import
 * @gone:	the device is unregistered: nothing is mapped any more
 */
struct uio_dmabuf_device {
	struct device		*parent;
	/**
	 * @lock: protects @gone. Readers may use @parent for DMA, the writer
	 * ends that.
	 */
	struct rw_semaphore	lock;
	/** @files_lock: protects @files among the readers of @lock */
	spinlock_t		files_lock;
	struct list_head	files;
	unsigned int		max_seg_size;
	bool			gone;
};

/**
 * struct uio_dmabuf_file - the imports of one open file
 * @device:	imports of the device the file belongs to
 * @node:	in &struct uio_dmabuf_device.files
 * @mappings:	&struct uio_dmabuf_mapping by its buffer
 */
struct uio_dmabuf_file {
	struct uio_dmabuf_device	*device;
	struct list_head		node;
	struct xarray			mappings;
};

void uio_dmabuf_register(struct uio_dmabuf_device *device,
			 struct device *parent);
void uio_dmabuf_unregister(struct uio_dmabuf_device *device);
void uio_dmabuf_open(struct uio_dmabuf_file *file,
		     struct uio_dmabuf_device *device);
void uio_dmabuf_release(struct uio_dmabuf_file *file);
long uio_dmabuf_ioctl(struct uio_dmabuf_file *file, struct file *filep,
		      unsigned int cmd, unsigned long arg);

#else

struct uio_dmabuf_device {};
struct uio_dmabuf_file {};

static inline void uio_dmabuf_register(struct uio_dmabuf_device *device,
				       struct device *parent)
{
}

static inline void uio_dmabuf_unregister(struct uio_dmabuf_device *device)
{
}

static inline void uio_dmabuf_open(struct uio_dmabuf_file *file,
				   struct uio_dmabuf_device *device)
{
}

static inline void uio_dmabuf_release(struct uio_dmabuf_file *file)
{
}

static inline long uio_dmabuf_ioctl(struct uio_dmabuf_file *file,
				    struct file *filep, unsigned int cmd,
				    unsigned long arg)
{
	return -ENOTTY;
}

#endif /* CONFIG_UIO_DMABUF */

#endif /* _UIO_DMABUF_H_ */
