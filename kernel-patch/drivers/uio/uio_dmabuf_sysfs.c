// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: the attributes in
 * /sys/class/uio/uioN/dmabuf
 */

#include <linux/bitops.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "uio_core.h"
#include "uio_dmabuf_mapping.h"
#include "uio_dmabuf_parent.h"

static struct uio_dmabuf_device *uio_dmabuf_of(struct device *dev)
{
	return &to_uio_core_device(dev_get_drvdata(dev))->dmabuf;
}

static u64 uio_dmabuf_count(struct uio_dmabuf_device *device, const u64 *count)
{
	u64 value;

	spin_lock(&device->count_lock);
	value = *count;
	spin_unlock(&device->count_lock);
	return value;
}

static ssize_t mappings_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(uio_dmabuf_of(dev)->nr_mappings));
}
static DEVICE_ATTR_RO(mappings);

static ssize_t quarantined_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(uio_dmabuf_of(dev)->nr_quarantined));
}
static DEVICE_ATTR_RO(quarantined);

static ssize_t bytes_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct uio_dmabuf_device *device = uio_dmabuf_of(dev);

	return sysfs_emit(buf, "%llu\n",
			  uio_dmabuf_count(device, &device->nr_bytes));
}
static DEVICE_ATTR_RO(bytes);

static ssize_t max_mappings_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(uio_dmabuf_of(dev)->max_mappings));
}

static ssize_t max_mappings_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t count)
{
	struct uio_dmabuf_device *device = uio_dmabuf_of(dev);
	unsigned int value;
	int ret;

	ret = kstrtouint(buf, 0, &value);
	if (ret)
		return ret;

	spin_lock(&device->count_lock);
	device->max_mappings = value;
	spin_unlock(&device->count_lock);
	return count;
}
static DEVICE_ATTR_RW(max_mappings);

static ssize_t max_bytes_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	struct uio_dmabuf_device *device = uio_dmabuf_of(dev);

	return sysfs_emit(buf, "%llu\n",
			  uio_dmabuf_count(device, &device->max_bytes));
}

static ssize_t max_bytes_store(struct device *dev,
			       struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct uio_dmabuf_device *device = uio_dmabuf_of(dev);
	u64 value;
	int ret;

	ret = kstrtou64(buf, 0, &value);
	if (ret)
		return ret;

	spin_lock(&device->count_lock);
	device->max_bytes = value;
	spin_unlock(&device->count_lock);
	return count;
}
static DEVICE_ATTR_RW(max_bytes);

static ssize_t dma_mask_bits_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	struct uio_dmabuf_device *device = uio_dmabuf_of(dev);
	int bits, ret;

	ret = uio_dmabuf_device_get(device);
	if (ret)
		return ret;

	bits = uio_dmabuf_does_dma(device) ?
	       fls64(dma_get_mask(device->parent)) : 0;
	uio_dmabuf_device_put(device);
	return sysfs_emit(buf, "%d\n", bits);
}

static ssize_t dma_mask_bits_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *buf, size_t count)
{
	struct uio_dmabuf_device *device = uio_dmabuf_of(dev);
	unsigned int bits;
	int ret;

	ret = kstrtouint(buf, 0, &bits);
	if (ret)
		return ret;
	if (!bits || bits > 64)
		return -EINVAL;

	ret = uio_dmabuf_device_get(device);
	if (ret)
		return ret;

	if (uio_dmabuf_does_dma(device))
		ret = uio_dmabuf_set_mask(device->shared, DMA_BIT_MASK(bits));
	else
		ret = -EOPNOTSUPP;
	uio_dmabuf_device_put(device);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(dma_mask_bits);

static struct attribute *uio_dmabuf_attrs[] = {
	&dev_attr_mappings.attr,
	&dev_attr_bytes.attr,
	&dev_attr_quarantined.attr,
	&dev_attr_max_mappings.attr,
	&dev_attr_max_bytes.attr,
	&dev_attr_dma_mask_bits.attr,
	NULL
};

static const struct attribute_group uio_dmabuf_group = {
	.name	= "dmabuf",
	.attrs	= uio_dmabuf_attrs,
};

const struct attribute_group *uio_dmabuf_groups[] = {
	&uio_dmabuf_group,
	NULL
};
