/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Import of dma-bufs into UIO devices: what its files share. Calls go one way,
 * from a file to those below it:
 *
 *	uio_dmabuf.c		open files, ioctls, registration
 *	uio_dmabuf_xlnx.c	the boards' ioctls
 *	uio_dmabuf_claim.c	one open file has the device
 *	uio_dmabuf_sysfs.c	attributes
 *	uio_dmabuf_address.c	where a buffer is
 *	uio_dmabuf_attach.c	attaching and detaching
 *	uio_dmabuf_stop.c	stopping a device, keeping its buffers
 *	uio_dmabuf_reach.c	buffers that the device does not reach
 *	uio_dmabuf_mapping.c	mapping a buffer
 *	uio_dmabuf_device.c	what all ask of a device
 *	uio_dmabuf_parent.c	what UIO devices of one parent share
 *	uio_quiesce.c		programs that stop a device
 *	uio_register.c		registers that the kernel accesses
 */
#ifndef _UIO_DMABUF_MAPPING_H_
#define _UIO_DMABUF_MAPPING_H_

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_device.h"

struct device;
struct dma_buf;
struct dma_buf_attachment;
struct file;
struct scatterlist;
struct sg_table;
struct uio_dmabuf_quiescer;
struct uio_dmabuf_range;

/*
 * Set while a mapping is user space's to end. Clear while an ioctl copies its
 * answer to user space, with no lock held: only unregistration may then take
 * the mapping away.
 */
#define UIO_DMABUF_LIVE		XA_MARK_1

/**
 * struct uio_dmabuf_mapping - a dma-buf that is mapped for a device
 * @node:	in &struct uio_dmabuf_quiescer.mappings
 * @dmabuf:	the buffer, with a reference
 * @attachment:	the device's attachment to @dmabuf
 * @sgt:	@dmabuf as the device reaches it
 * @dir:	direction @sgt was mapped with
 * @length:	how many bytes are mapped
 * @nr_ranges:	how many ranges those are
 * @pinned:	the exporter keeps it in place, which it could move
 * @may_bounce:	whether it may get copies of @dmabuf where there is a choice
 * @bounced:	the device gets copies of @dmabuf
 */
struct uio_dmabuf_mapping {
	struct list_head		node;
	struct dma_buf			*dmabuf;
	struct dma_buf_attachment	*attachment;
	struct sg_table			*sgt;
	enum dma_data_direction		dir;
	u64				length;
	unsigned int			nr_ranges;
	bool				pinned;
	bool				may_bounce;
	bool				bounced;
};

/**
 * struct uio_dmabuf_walk - a place in the ranges of a mapping
 * @sg:		the next entry
 * @left:	how many entries there are from @sg on
 */
struct uio_dmabuf_walk {
	struct scatterlist	*sg;
	unsigned int		left;
};

void uio_dmabuf_walk_start(struct uio_dmabuf_walk *walk,
			   const struct uio_dmabuf_mapping *mapping);
bool uio_dmabuf_walk_next(struct uio_dmabuf_walk *walk,
			  struct uio_dmabuf_range *range);
int uio_dmabuf_map(struct uio_dmabuf_mapping *mapping, struct device *parent);
void uio_dmabuf_unmap(struct uio_dmabuf_mapping *mapping, struct device *parent);
struct uio_dmabuf_mapping *uio_dmabuf_alloc(struct dma_buf *dmabuf,
					    enum dma_data_direction dir);
void uio_dmabuf_free(struct uio_dmabuf_mapping *mapping);
void uio_dmabuf_end_mapping(struct uio_dmabuf_device *device,
			    struct uio_dmabuf_file *file,
			    struct uio_dmabuf_mapping *mapping);
unsigned int uio_dmabuf_end_mappings(struct uio_dmabuf_device *device,
				     struct list_head *mappings);

int uio_dmabuf_map_reached(struct uio_dmabuf_mapping *mapping,
			   struct device *parent);

void uio_dmabuf_quiescer_free(struct uio_dmabuf_quiescer *quiescer);
void uio_dmabuf_quarantine_init(struct uio_dmabuf_device *device);
int uio_dmabuf_check_quarantine(struct uio_dmabuf_device *device);
void uio_dmabuf_hold_mappings(struct uio_dmabuf_file *file,
			      struct list_head *mappings);
void uio_dmabuf_quarantine_file(struct uio_dmabuf_file *file,
				struct list_head *mappings);
void uio_dmabuf_stop_device(struct uio_dmabuf_device *device);
unsigned int uio_dmabuf_revoke_quarantine(struct uio_dmabuf_device *device);
long uio_dmabuf_set_quiesce(struct uio_dmabuf_file *file, fmode_t mode,
			    void __user *arg);

unsigned long uio_dmabuf_key(struct dma_buf *dmabuf);
int uio_dmabuf_direction(u32 dir, enum dma_data_direction *dma_dir);
bool uio_dmabuf_may_attach(enum dma_data_direction dir, fmode_t mode);
int uio_dmabuf_add_mapping(struct uio_dmabuf_file *file,
			   struct uio_dmabuf_mapping *mapping,
			   struct xarray *table);
struct uio_dmabuf_mapping *uio_dmabuf_lookup(struct uio_dmabuf_file *file,
					     u32 handle);
long uio_dmabuf_attach(struct uio_dmabuf_file *file, fmode_t mode,
		       void __user *arg);
long uio_dmabuf_detach(struct uio_dmabuf_file *file, void __user *arg);

long uio_dmabuf_ranges(struct uio_dmabuf_file *file, void __user *arg);
long uio_dmabuf_write_address(struct uio_dmabuf_file *file, fmode_t mode,
			      void __user *arg);

long uio_dmabuf_claim(struct uio_dmabuf_file *file, fmode_t mode,
		      void __user *arg);

#ifdef CONFIG_UIO_DMABUF_ADDRESSES
long uio_dmabuf_xlnx_ioctl(struct uio_dmabuf_file *file, struct file *filep,
			   unsigned int cmd, void __user *arg);
#else
static inline long uio_dmabuf_xlnx_ioctl(struct uio_dmabuf_file *file,
					 struct file *filep, unsigned int cmd,
					 void __user *arg)
{
	return -ENOTTY;
}
#endif

#if defined(CONFIG_UIO_DMABUF_ADDRESSES) && \
	defined(CONFIG_COMPAT_FOR_U64_ALIGNMENT)
long uio_dmabuf_xlnx_compat_ioctl(struct uio_dmabuf_file *file,
				  struct file *filep, unsigned int cmd,
				  void __user *arg);
#else
static inline long uio_dmabuf_xlnx_compat_ioctl(struct uio_dmabuf_file *file,
						struct file *filep,
						unsigned int cmd,
						void __user *arg)
{
	return -ENOTTY;
}
#endif

#endif /* _UIO_DMABUF_MAPPING_H_ */
