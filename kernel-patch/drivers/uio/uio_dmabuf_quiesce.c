// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: how a device is stopped when a file is
 * released
 */

#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pm_runtime.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"
#include "uio_dmabuf_parent.h"
#include "uio_quiesce.h"

/**
 * uio_dmabuf_deadline - until when to wait for a device that is asked to stop
 *
 * However many programs there are to ask it, together they have this time.
 *
 * Return: the time.
 */
ktime_t uio_dmabuf_deadline(void)
{
	return ktime_add_us(ktime_get(), UIO_QUIESCE_MAX_US);
}

static struct uio_quiesce_op *
uio_dmabuf_get_ops(const struct uio_set_quiesce *args)
{
	char __user *from = u64_to_user_ptr(args->ops);
	struct uio_quiesce_op *ops;
	unsigned int i;
	int ret;

	if (args->op_size < offsetofend(struct uio_quiesce_op, __reserved))
		return ERR_PTR(-EINVAL);
	if (args->op_size > PAGE_SIZE || args->count > UIO_QUIESCE_MAX_OPS)
		return ERR_PTR(-E2BIG);

	ops = kcalloc(args->count, sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < args->count; i++) {
		ret = copy_struct_from_user(&ops[i], sizeof(*ops),
					    from + i * args->op_size,
					    args->op_size);
		if (ret) {
			kfree(ops);
			return ERR_PTR(ret);
		}
	}

	return ops;
}

/**
 * uio_dmabuf_set_quiesce - UIO_IOC_SET_QUIESCE
 * @file:	imports of the open file
 * @mode:	how it was opened
 * @arg:	its argument
 *
 * Return: 0, or a negative errno.
 */
long uio_dmabuf_set_quiesce(struct uio_dmabuf_file *file, fmode_t mode,
			    void __user *arg)
{
	struct uio_dmabuf_quiescer *quiescer = NULL;
	struct uio_quiesce_op *ops = NULL;
	struct uio_set_quiesce args;
	int ret;

	ret = uio_dmabuf_get_args(&args, sizeof(args),
				  offsetofend(struct uio_set_quiesce, op_size),
				  arg);
	if (ret)
		return ret;
	if (args.flags || (!args.count && (args.ops || args.op_size)))
		return -EINVAL;

	if (!(mode & FMODE_WRITE))
		return -EACCES;

	if (args.count) {
		ops = uio_dmabuf_get_ops(&args);
		if (IS_ERR(ops))
			return PTR_ERR(ops);
	}

	ret = uio_dmabuf_enter(file->device);
	if (ret)
		goto out_free;

	if (ops)
		quiescer = uio_dmabuf_quiescer_create(file->device, ops,
						      args.count);
	if (IS_ERR(quiescer)) {
		ret = PTR_ERR(quiescer);
		goto out_leave;
	}

	mutex_lock(&file->lock);
	swap(file->quiescer, quiescer);
	mutex_unlock(&file->lock);
	uio_dmabuf_quiescer_free(quiescer);
out_leave:
	uio_dmabuf_leave(file->device);
out_free:
	kfree(ops);
	return ret;
}

static bool uio_dmabuf_is_guarded(const struct uio_dmabuf_file *file)
{
	return file->quiescer && file->nr_mappings;
}

static int uio_dmabuf_try_to_stop(struct uio_dmabuf_file *file)
{
	struct uio_dmabuf_device *device = file->device;
	ktime_t deadline;
	int ret;

	/* Who waits for so long is one of many, and does not wait for all. */
	if (down_timeout(&device->shared->turn, HZ)) {
		uio_dmabuf_quiescer_postpone(file->quiescer);
		return -ETIMEDOUT;
	}

	/* A process with many files ends in a second nevertheless. */
	deadline = READ_ONCE(device->nr_quarantined) ? ktime_get() :
						       uio_dmabuf_deadline();
	ret = uio_dmabuf_quiescer_run(file->quiescer, deadline);
	up(&device->shared->turn);
	return ret;
}

/**
 * uio_dmabuf_quiesce - the last reference to a file is gone: stop the device
 * @file:	imports of the file
 *
 * To be called before the driver's release hook, which may take power and clocks
 * from a device that is still at work.
 */
void uio_dmabuf_quiesce(struct uio_dmabuf_file *file)
{
	struct uio_dmabuf_device *device = file->device;

	if (uio_dmabuf_enter(device))
		return;

	if (uio_dmabuf_is_guarded(file) &&
	    uio_dmabuf_try_to_stop(file)) {
		/* Its registers have to answer while it is asked to stop. */
		pm_runtime_get_noresume(device->parent);
		file->restless = true;
	}
	uio_dmabuf_leave(device);
}
