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

#include <linux/compat.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"
#include "uio_dmabuf_parent.h"
#include "uio_quiesce.h"

/* As many as a careful program needs, and too few to fill memory with. */
#define UIO_DMABUF_MAX_MAPPINGS	32768

/* Takes all mappings out of the tables: the device's files_lock is held. */
static void uio_dmabuf_take_mappings(struct uio_dmabuf_file *file,
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

	ret = uio_dmabuf_device_get(device);
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
	uio_dmabuf_device_put(device);

	return uio_dmabuf_put_args(arg, &query, sizeof(query));
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
static void uio_dmabuf_free_file(struct uio_dmabuf_file *file)
{
	uio_dmabuf_quiescer_free(file->quiescer);
	file->quiescer = NULL;
	if (file->window)
		iounmap(file->window);
	file->window = NULL;
}

/* What a file has is unregistration's to end. */
static void uio_dmabuf_orphan_mappings(struct uio_dmabuf_file *file)
{
	LIST_HEAD(mappings);

	uio_dmabuf_take_mappings(file, &mappings);
	if (file->quiescer && !list_empty(&mappings))
		uio_dmabuf_hold_mappings(file, &mappings);
	else
		list_splice_tail(&mappings, &file->device->orphans);
	uio_dmabuf_free_file(file);
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
	bool gone = uio_dmabuf_device_get(device);
	LIST_HEAD(mappings);

	mutex_lock(&device->files_lock);
	list_del(&file->node);
	if (gone)
		uio_dmabuf_orphan_mappings(file);
	else
		uio_dmabuf_take_mappings(file, &mappings);
	mutex_unlock(&device->files_lock);

	spin_lock(&device->count_lock);
	if (device->claimant == file)
		device->claimant = NULL;
	spin_unlock(&device->count_lock);

	if (!gone) {
		if (file->stop_failed)
			uio_dmabuf_quarantine_file(file, &mappings);
		else
			uio_dmabuf_end_mappings(device, &mappings);
		uio_dmabuf_device_put(device);
	}
	uio_dmabuf_free_file(file);
}

static void uio_dmabuf_signal_idle(struct percpu_ref *active)
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

	ret = percpu_ref_init(&device->active, uio_dmabuf_signal_idle, 0,
			      GFP_KERNEL);
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
static void uio_dmabuf_wait_until_idle(struct uio_dmabuf_device *device)
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

	uio_dmabuf_wait_until_idle(device);
	mutex_lock(&device->files_lock);
	list_for_each_entry(file, &device->files, node)
		uio_dmabuf_orphan_mappings(file);
	mutex_unlock(&device->files_lock);

	uio_dmabuf_stop_device(device);
	kept = uio_dmabuf_revoke_quarantine(device);
	uio_dmabuf_end_mappings(device, &device->orphans);
	cancel_delayed_work_sync(&device->retry);
	uio_dmabuf_parent_put(device->shared);

	if (kept)
		dev_err(parent,
			"did not stop: the memory of %u dma-bufs is kept from others until reboot\n",
			kept);
}

MODULE_IMPORT_NS(DMA_BUF);
