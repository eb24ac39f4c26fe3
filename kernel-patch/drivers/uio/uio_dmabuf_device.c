// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: what all its files ask of a device, and
 * of arguments from user space.
 */

#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_device.h"
#include "uio_dmabuf_parent.h"

/**
 * uio_dmabuf_translation - what stands between a device and memory
 * @parent:	the device that does the DMA
 *
 * Return: one of &enum uio_translation.
 */
enum uio_translation uio_dmabuf_translation(struct device *parent)
{
#ifdef CONFIG_IOMMU_API
	struct iommu_domain *domain = iommu_get_domain_for_dev(parent);

	switch (domain ? domain->type : IOMMU_DOMAIN_BLOCKED) {
	case IOMMU_DOMAIN_IDENTITY:
		return UIO_TRANSLATION_IDENTITY;
	case IOMMU_DOMAIN_DMA_FQ:
		return UIO_TRANSLATION_LAZY;
	case IOMMU_DOMAIN_DMA:
	case IOMMU_DOMAIN_UNMANAGED:
		return UIO_TRANSLATION_STRICT;
	}
#endif
	/* Other domains, if any, are a platform's own: some let all through. */
	return UIO_TRANSLATION_NONE;
}

/**
 * uio_dmabuf_translates - whether an IOMMU keeps a device from other memory
 * @parent:	the device that does the DMA
 *
 * Return: true when it does.
 */
bool uio_dmabuf_translates(struct device *parent)
{
	return uio_dmabuf_translation(parent) >= UIO_TRANSLATION_LAZY;
}

/**
 * uio_dmabuf_claimed - whether another file has the device
 * @file:	imports of the file; the device's count_lock is held
 *
 * Return: true when one has.
 */
bool uio_dmabuf_claimed(const struct uio_dmabuf_file *file)
{
	const struct uio_dmabuf_file *claimant = file->device->claimant;

	lockdep_assert_held(&file->device->count_lock);
	return claimant && claimant != file;
}

/**
 * uio_dmabuf_charge - count a buffer, within the limits
 * @file:	the file that gets a mapping of it
 * @bytes:	size of the buffer
 *
 * Return: 0, or a negative errno.
 */
int uio_dmabuf_charge(struct uio_dmabuf_file *file, u64 bytes)
{
	struct uio_dmabuf_device *device = file->device;
	int ret = 0;

	spin_lock(&device->count_lock);
	if (uio_dmabuf_claimed(file)) {
		ret = -EBUSY;
	} else if (device->nr_mappings >= device->max_mappings) {
		ret = -ENOSPC;
	} else if (device->nr_bytes >= device->max_bytes ||
		   bytes > device->max_bytes - device->nr_bytes) {
		ret = -ENOMEM;
	} else if (!uio_dmabuf_parent_charge(device->shared)) {
		ret = -EBUSY;
	} else {
		device->nr_mappings++;
		device->nr_bytes += bytes;
		file->nr_mappings++;
		file->nr_bytes += bytes;
	}
	spin_unlock(&device->count_lock);
	return ret;
}

/**
 * uio_dmabuf_uncharge - a buffer counts no longer
 * @device:	imports of the device
 * @file:	the file, or NULL when it has the mapping no longer
 * @bytes:	size of the buffer
 */
void uio_dmabuf_uncharge(struct uio_dmabuf_device *device,
			 struct uio_dmabuf_file *file, u64 bytes)
{
	spin_lock(&device->count_lock);
	device->nr_mappings--;
	device->nr_bytes -= bytes;
	if (file) {
		file->nr_mappings--;
		file->nr_bytes -= bytes;
	}
	spin_unlock(&device->count_lock);
	uio_dmabuf_parent_uncharge(device->shared);
}

/**
 * uio_dmabuf_tell_once - whether something is to be told of a device
 * @device:	imports of the device
 * @told:	its member that says so
 *
 * Return: true once in the life of a device.
 */
bool uio_dmabuf_tell_once(struct uio_dmabuf_device *device, bool *told)
{
	bool first;

	spin_lock(&device->count_lock);
	first = !*told;
	*told = true;
	spin_unlock(&device->count_lock);
	return first;
}

/**
 * uio_dmabuf_device_get - keep the device registered
 * @device:	imports of the device
 *
 * Never waits: exporters are asked meanwhile, who do.
 *
 * Return: 0; -ENODEV when the device is being unregistered.
 */
int uio_dmabuf_device_get(struct uio_dmabuf_device *device)
{
	if (!percpu_ref_tryget_live(&device->active))
		return -ENODEV;

	rwsem_acquire_read(&device->dep_map, 0, 1, _RET_IP_);
	return 0;
}

/**
 * uio_dmabuf_device_put - undo uio_dmabuf_device_get()
 * @device:	imports of the device
 */
void uio_dmabuf_device_put(struct uio_dmabuf_device *device)
{
	rwsem_release(&device->dep_map, _RET_IP_);
	percpu_ref_put(&device->active);
}

/**
 * uio_dmabuf_does_dma - whether buffers can be attached to a device at all
 * @device:	imports of the device, held by uio_dmabuf_device_get()
 *
 * The DMA layer warns about a device that has no mask.
 *
 * Return: true when they can.
 */
bool uio_dmabuf_does_dma(struct uio_dmabuf_device *device)
{
	return device->is_drivers && device->parent->dma_mask;
}

/**
 * uio_dmabuf_get_args - read an argument from user space
 * @args:	where to store it
 * @size:	its size as this kernel knows it
 * @min_size:	its size in the first version of the ABI
 * @arg:	its address
 *
 * The size leads it. What an older program lacks is zero, what a newer one adds
 * must be.
 *
 * Return: 0, or a negative errno.
 */
int uio_dmabuf_get_args(void *args, size_t size, size_t min_size,
			void __user *arg)
{
	u32 usize;
	int ret;

	if (get_user(usize, (u32 __user *)arg))
		return -EFAULT;
	if (usize < min_size)
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;

	ret = copy_struct_from_user(args, size, arg, usize);
	if (ret)
		return ret;

	/* It may have changed since. */
	*(u32 *)args = usize;
	return 0;
}

/**
 * uio_dmabuf_put_args - write an argument back to user space
 * @arg:	its address
 * @args:	the argument, led by its size as the program knows it
 * @size:	its size as this kernel knows it
 *
 * Return: 0, or -EFAULT.
 */
int uio_dmabuf_put_args(void __user *arg, const void *args, size_t size)
{
	const u32 *usize = args;

	size = min_t(size_t, size, *usize);
	return copy_to_user(arg, args, size) ? -EFAULT : 0;
}
