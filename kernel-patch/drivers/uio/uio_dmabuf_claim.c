// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: one open file has the device.
 */

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"

static bool uio_dmabuf_used_by_others(const struct uio_dmabuf_file *file)
{
	const struct uio_dmabuf_file *other;

	list_for_each_entry(other, &file->device->files, node)
		if (other != file && other->nr_mappings)
			return true;

	return false;
}

static int uio_dmabuf_set_claimant(struct uio_dmabuf_file *file)
{
	struct uio_dmabuf_device *device = file->device;
	int ret = 0;

	mutex_lock(&device->claim_lock);
	mutex_lock(&device->files_lock);
	spin_lock(&device->count_lock);
	if (uio_dmabuf_claimed(file) || uio_dmabuf_used_by_others(file))
		ret = -EBUSY;
	else
		device->claimant = file;
	spin_unlock(&device->count_lock);
	mutex_unlock(&device->files_lock);
	mutex_unlock(&device->claim_lock);
	return ret;
}

/**
 * uio_dmabuf_claim - UIO_IOC_CLAIM
 * @file:	imports of the open file
 * @mode:	how it was opened
 * @arg:	its argument
 *
 * Return: 0, or a negative errno.
 */
long uio_dmabuf_claim(struct uio_dmabuf_file *file, fmode_t mode,
		      void __user *arg)
{
	struct uio_claim claim;
	int ret;

	ret = uio_dmabuf_get_args(&claim, sizeof(claim),
				  offsetofend(struct uio_claim, flags), arg);
	if (ret)
		return ret;
	if (claim.flags)
		return -EINVAL;
	if (!(mode & FMODE_WRITE))
		return -EACCES;

	ret = uio_dmabuf_device_get(file->device);
	if (ret)
		return ret;

	ret = uio_dmabuf_set_claimant(file);
	uio_dmabuf_device_put(file->device);
	return ret;
}

/**
 * uio_dmabuf_lock_claim - keep the device with the file that has it, if any
 * @file:	imports of a file that is being released
 *
 * Between this and uio_dmabuf_unlock_claim() nobody else gets it.
 *
 * Return: whether another file has the device.
 */
bool uio_dmabuf_lock_claim(struct uio_dmabuf_file *file)
{
	bool claimed;

	mutex_lock(&file->device->claim_lock);
	spin_lock(&file->device->count_lock);
	claimed = uio_dmabuf_claimed(file);
	spin_unlock(&file->device->count_lock);
	return claimed;
}

/**
 * uio_dmabuf_unlock_claim - undo uio_dmabuf_lock_claim()
 * @file:	imports of the same file
 */
void uio_dmabuf_unlock_claim(struct uio_dmabuf_file *file)
{
	mutex_unlock(&file->device->claim_lock);
}
