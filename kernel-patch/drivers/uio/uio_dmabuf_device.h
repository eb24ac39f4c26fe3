/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Import of dma-bufs into UIO devices: what all its files ask of a device, and
 * of arguments from user space.
 */
#ifndef _UIO_DMABUF_DEVICE_H_
#define _UIO_DMABUF_DEVICE_H_

#include <linux/types.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf.h"

struct device;

enum uio_translation uio_dmabuf_translation(struct device *parent);
bool uio_dmabuf_translates(struct device *parent);
bool uio_dmabuf_claimed(const struct uio_dmabuf_file *file);
int uio_dmabuf_charge(struct uio_dmabuf_file *file, u64 bytes);
void uio_dmabuf_uncharge(struct uio_dmabuf_device *device,
			 struct uio_dmabuf_file *file, u64 bytes);
bool uio_dmabuf_tell_once(struct uio_dmabuf_device *device, bool *told);
int uio_dmabuf_device_get(struct uio_dmabuf_device *device);
void uio_dmabuf_device_put(struct uio_dmabuf_device *device);
bool uio_dmabuf_does_dma(struct uio_dmabuf_device *device);
int uio_dmabuf_get_args(void *args, size_t size, size_t min_size,
			void __user *arg);
int uio_dmabuf_put_args(void __user *arg, const void *args, size_t size);

#endif /* _UIO_DMABUF_DEVICE_H_ */
