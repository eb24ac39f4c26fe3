/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Import of dma-bufs into UIO devices: what the UIO core calls.
 */
#ifndef _UIO_DMABUF_H_
#define _UIO_DMABUF_H_

#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/lockdep_types.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct attribute_group;
struct device;
struct file;
struct seq_file;
struct uio_dmabuf_file;
struct uio_dmabuf_parent;
struct uio_dmabuf_quiescer;
struct uio_info;

#ifdef CONFIG_UIO_DMABUF

/**
 * struct uio_dmabuf_device - the imports of one UIO device
 * @info:	the device, not touched once it is unregistered
 * @parent:	device that does the DMA, not touched once it is unregistered
 * @shared:	what the UIO devices of @parent share
 * @files:	open files, &struct uio_dmabuf_file.node
 * @orphans:	mappings of files without a program that end with the device
 * @nr_mappings: how many mappings there are, of @files and of @quarantine
 * @nr_bytes:	how many bytes the buffers of those have
 * @nr_quarantined: how many mappings there are in @quarantine
 * @max_mappings: limit of @nr_mappings
 * @max_bytes:	limit of @nr_bytes
 * @claimant:	the one of @files that has the device, or NULL
 * @quarantine:	&struct uio_dmabuf_quiescer.node
 * @retry:	tries to empty @quarantine
 * @retry_delay: time until the next try, in jiffies
 * @idle:	nobody has @active any more
 * @dep_map:	@active, for lockdep
 * @is_drivers:	the driver of @parent registered it, while it was being bound
 * @tainted:	it was told that no IOMMU stands between device and memory
 * @limited:	it was told that the device does not reach a buffer
 */
struct uio_dmabuf_device {
	struct uio_info		*info;
	struct device		*parent;
	struct uio_dmabuf_parent *shared;
	/**
	 * @active: who holds it may use @info, and @parent for DMA. Nobody
	 * gets it any more when the device is unregistered, which waits in
	 * @idle for those who have it.
	 */
	struct percpu_ref	active;
	struct completion	idle;
	struct lockdep_map	dep_map;
	/**
	 * @files_lock: protects @files and @orphans, and what a file has, which
	 * its release and unregistration both take. Never held while an exporter
	 * is called.
	 */
	struct mutex		files_lock;
	/**
	 * @count_lock: protects @nr_mappings, @nr_bytes,
	 * @nr_quarantined, @max_mappings, @max_bytes, @tainted, @claimant,
	 * @limited, and the counts of @files
	 */
	spinlock_t		count_lock;
	struct list_head	files;
	struct list_head	orphans;
	unsigned int		nr_mappings;
	unsigned int		nr_quarantined;
	u64			nr_bytes;
	unsigned int		max_mappings;
	u64			max_bytes;
	/**
	 * @claim_lock: keeps @claimant as it is while a driver's release hook
	 * runs, which may stop the device
	 */
	struct mutex		claim_lock;
	struct uio_dmabuf_file	*claimant;
	/**
	 * @quarantine_lock: protects @quarantine and @retry_delay
	 */
	struct mutex		quarantine_lock;
	struct list_head	quarantine;
	struct delayed_work	retry;
	unsigned long		retry_delay;
	bool			is_drivers;
	bool			tainted;
	bool			limited;
};

/**
 * struct uio_dmabuf_file - the imports of one open file
 * @device:	imports of the device the file belongs to
 * @node:	in &struct uio_dmabuf_device.files
 * @handles:	&struct uio_dmabuf_mapping by its handle
 * @buffers:	the same by its buffer
 * @args:	those made with the boards' ioctls, by their buffer
 * @next_handle: where the search for a free handle goes on
 * @nr_mappings: how many mappings there are
 * @nr_bytes:	how many bytes the buffers of those have
 * @quiescer:	stops the device, or NULL
 * @window:	a page of registers, as the kernel has it, or NULL
 * @window_phys: physical address of @window
 * @stop_failed:	the device did not stop, its parent's power is held
 */
struct uio_dmabuf_file {
	struct uio_dmabuf_device	*device;
	struct list_head		node;
	/**
	 * @lock: protects @quiescer, @window, and mappings in @handles from
	 * ending while they are used
	 */
	struct mutex			lock;
	struct xarray			handles;
	struct xarray			buffers;
	struct xarray			args;
	u32				next_handle;
	unsigned int			nr_mappings;
	u64				nr_bytes;
	struct uio_dmabuf_quiescer	*quiescer;
	void __iomem			*window;
	phys_addr_t			window_phys;
	bool				stop_failed;
};

extern const struct attribute_group *uio_dmabuf_groups[];

int uio_dmabuf_register(struct uio_dmabuf_device *device,
			struct device *parent, bool is_drivers,
			struct uio_info *info);
void uio_dmabuf_unregister(struct uio_dmabuf_device *device);
void uio_dmabuf_open(struct uio_dmabuf_file *file,
		     struct uio_dmabuf_device *device);
bool uio_dmabuf_lock_claim(struct uio_dmabuf_file *file);
void uio_dmabuf_unlock_claim(struct uio_dmabuf_file *file);
void uio_dmabuf_quiesce(struct uio_dmabuf_file *file);
void uio_dmabuf_release(struct uio_dmabuf_file *file);
void uio_dmabuf_show_fdinfo(struct uio_dmabuf_file *file, struct seq_file *m);
long uio_dmabuf_ioctl(struct uio_dmabuf_file *file, struct file *filep,
		      unsigned int cmd, unsigned long arg);
long uio_dmabuf_compat_ioctl(struct uio_dmabuf_file *file, struct file *filep,
			     unsigned int cmd, unsigned long arg);

#else

#define uio_dmabuf_groups	NULL

struct uio_dmabuf_device {};
struct uio_dmabuf_file {};

static inline int uio_dmabuf_register(struct uio_dmabuf_device *device,
				      struct device *parent, bool is_drivers,
				      struct uio_info *info)
{
	return 0;
}

static inline void uio_dmabuf_unregister(struct uio_dmabuf_device *device)
{
}

static inline void uio_dmabuf_open(struct uio_dmabuf_file *file,
				   struct uio_dmabuf_device *device)
{
}

static inline bool uio_dmabuf_lock_claim(struct uio_dmabuf_file *file)
{
	return false;
}

static inline void uio_dmabuf_unlock_claim(struct uio_dmabuf_file *file)
{
}

static inline void uio_dmabuf_quiesce(struct uio_dmabuf_file *file)
{
}

static inline void uio_dmabuf_release(struct uio_dmabuf_file *file)
{
}

static inline void uio_dmabuf_show_fdinfo(struct uio_dmabuf_file *file,
					  struct seq_file *m)
{
}

static inline long uio_dmabuf_ioctl(struct uio_dmabuf_file *file,
				    struct file *filep, unsigned int cmd,
				    unsigned long arg)
{
	return -ENOTTY;
}

static inline long uio_dmabuf_compat_ioctl(struct uio_dmabuf_file *file,
					   struct file *filep, unsigned int cmd,
					   unsigned long arg)
{
	return -ENOTTY;
}

#endif /* CONFIG_UIO_DMABUF */

#endif /* _UIO_DMABUF_H_ */
