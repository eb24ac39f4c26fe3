// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: how a device is stopped when a file is
 * released, and what becomes of its buffers when it does not stop.
 */

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>
#include <linux/workqueue.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"
#include "uio_quiesce.h"

#define UIO_DMABUF_RETRY_MIN	HZ
#define UIO_DMABUF_RETRY_MAX	(60 * HZ)

/**
 * struct uio_dmabuf_quiescer - what stops a device, and what it guards
 * @node:	in &struct uio_dmabuf_device.quarantine
 * @mappings:	what the device may still write to, once in quarantine
 * @program:	stops the device
 *
 * Made together with the program: a file's release must not fail for memory.
 */
struct uio_dmabuf_quiescer {
	struct list_head	node;
	struct list_head	mappings;
	struct uio_quiesce	*program;
};

/**
 * uio_dmabuf_quiescer_free - throw away what stops a device
 * @quiescer:	what stops it, with no mappings, or NULL
 */
void uio_dmabuf_quiescer_free(struct uio_dmabuf_quiescer *quiescer)
{
	if (!quiescer)
		return;

	uio_quiesce_free(quiescer->program);
	kfree(quiescer);
}

/* The device has stopped, or cannot reach the guarded mappings any longer. */
static void uio_dmabuf_dismiss(struct uio_dmabuf_device *device,
			       struct uio_dmabuf_quiescer *quiescer)
{
	unsigned int count;

	lockdep_assert_held(&device->quarantine_lock);
	count = uio_dmabuf_end_all(device, NULL, &quiescer->mappings);
	spin_lock(&device->count_lock);
	device->nr_quarantined -= count;
	spin_unlock(&device->count_lock);
	list_del(&quiescer->node);
	uio_dmabuf_quiescer_free(quiescer);
	pm_runtime_put(device->parent);
}

/* Whoever fills the quarantine with programs that wait: nobody waits for all. */
static ktime_t uio_dmabuf_deadline(void)
{
	return ktime_add_us(ktime_get(), UIO_QUIESCE_MAX_US);
}

static bool uio_dmabuf_quarantine_empties(struct uio_dmabuf_device *device)
{
	struct uio_dmabuf_quiescer *quiescer, *next;
	ktime_t deadline = uio_dmabuf_deadline();

	lockdep_assert_held(&device->quarantine_lock);
	list_for_each_entry_safe(quiescer, next, &device->quarantine, node)
		if (!uio_quiesce_run(quiescer->program, deadline))
			uio_dmabuf_dismiss(device, quiescer);

	return list_empty(&device->quarantine);
}

static void uio_dmabuf_retry(struct work_struct *work)
{
	struct uio_dmabuf_device *device =
		container_of(to_delayed_work(work), struct uio_dmabuf_device,
			     retry);

	guard(rwsem_read)(&device->lock);
	if (device->gone)
		return;

	guard(mutex)(&device->quarantine_lock);
	if (uio_dmabuf_quarantine_empties(device))
		return;

	device->retry_delay = min_t(unsigned long, 2 * device->retry_delay,
				    UIO_DMABUF_RETRY_MAX);
	queue_delayed_work(system_freezable_wq, &device->retry,
			   device->retry_delay);
}

/**
 * uio_dmabuf_quarantine_init - a device comes
 * @device:	imports of the device
 */
void uio_dmabuf_quarantine_init(struct uio_dmabuf_device *device)
{
	mutex_init(&device->quarantine_lock);
	INIT_LIST_HEAD(&device->quarantine);
	INIT_DELAYED_WORK(&device->retry, uio_dmabuf_retry);
}

/**
 * uio_dmabuf_check_quarantine - whether the device may have new buffers
 * @device:	imports of the device, which was entered
 *
 * Nobody gets some while the device writes into those of the dead.
 *
 * Return: 0; EBUSY when it still does; EINTR when the caller was killed.
 */
int uio_dmabuf_check_quarantine(struct uio_dmabuf_device *device)
{
	int ret;

	if (!READ_ONCE(device->nr_quarantined))
		return 0;

	ret = mutex_lock_killable(&device->quarantine_lock);
	if (ret)
		return ret;

	if (!uio_dmabuf_quarantine_empties(device))
		ret = -EBUSY;
	mutex_unlock(&device->quarantine_lock);
	return ret;
}

static struct uio_quiesce_op *
uio_dmabuf_get_ops(const struct uio_set_quiesce *args)
{
	char __user *from = u64_to_user_ptr(args->ops);
	struct uio_quiesce_op *ops;
	unsigned int i;
	int ret;

	if (args->op_size < sizeof(*ops))
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

/* The device was entered. */
static struct uio_dmabuf_quiescer *
uio_dmabuf_quiescer_create(struct uio_dmabuf_device *device,
			   const struct uio_quiesce_op *ops, unsigned int count)
{
	struct uio_dmabuf_quiescer *quiescer;

	quiescer = kzalloc(sizeof(*quiescer), GFP_KERNEL_ACCOUNT);
	if (!quiescer)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&quiescer->mappings);
	quiescer->program = uio_quiesce_create(ops, count, device->info,
					       device->parent);
	if (IS_ERR(quiescer->program)) {
		void *error = quiescer->program;

		kfree(quiescer);
		return error;
	}

	return quiescer;
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
	struct uio_quiesce_op *ops __free(kfree) = NULL;
	struct uio_dmabuf_quiescer *quiescer = NULL;
	struct uio_set_quiesce args;
	int ret;

	ret = uio_dmabuf_get_args(&args, sizeof(args), arg);
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
		return ret;

	if (args.count)
		quiescer = uio_dmabuf_quiescer_create(file->device, ops, args.count);
	if (IS_ERR(quiescer)) {
		ret = PTR_ERR(quiescer);
	} else {
		mutex_lock(&file->lock);
		swap(file->quiescer, quiescer);
		mutex_unlock(&file->lock);
		uio_dmabuf_quiescer_free(quiescer);
	}

	up_read(&file->device->lock);
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

	guard(rwsem_read)(&device->lock);
	if (device->gone || !file->quiescer || !file->nr_mappings)
		return;

	if (!uio_quiesce_run(file->quiescer->program, uio_dmabuf_deadline()))
		return;

	/* As long as it is asked to stop, its registers have to answer. */
	pm_runtime_get_noresume(device->parent);
	file->restless = true;
}

/**
 * uio_dmabuf_quarantine - keep the mappings of a file until the device stops
 * @file:	imports of the file, which is being released
 * @mappings:	all that it has
 */
void uio_dmabuf_quarantine(struct uio_dmabuf_file *file,
			   struct list_head *mappings)
{
	struct uio_dmabuf_device *device = file->device;
	struct uio_dmabuf_quiescer *quiescer = file->quiescer;

	guard(mutex)(&device->quarantine_lock);
	file->quiescer = NULL;
	list_splice_init(mappings, &quiescer->mappings);
	list_add_tail(&quiescer->node, &device->quarantine);
	spin_lock(&device->count_lock);
	device->nr_quarantined += file->nr_mappings;
	spin_unlock(&device->count_lock);

	device->retry_delay = UIO_DMABUF_RETRY_MIN;
	mod_delayed_work(system_freezable_wq, &device->retry,
			 device->retry_delay);
}

/*
 * Platform devices are out of their power domain when what is devm managed
 * cleans up: then their registers must not be touched.
 */
static bool uio_dmabuf_stops(struct uio_dmabuf_device *device,
			     struct uio_quiesce *program)
{
	if (device->parent->pm_domain != device->pm_domain)
		return false;

	return !uio_quiesce_run(program, device->revoke_deadline);
}

/**
 * uio_dmabuf_revoke - end mappings of a device that goes
 * @device:	imports of the device, its lock held for writing
 * @file:	imports of the file that they belong to, or NULL
 * @quiescer:	what stops the device, or NULL
 * @mappings:	the mappings
 *
 * Unless the device writes on into their memory: then that memory is lost, and
 * nobody else's is.
 *
 * Return: how many mappings stay for ever.
 */
unsigned int uio_dmabuf_revoke(struct uio_dmabuf_device *device,
			       struct uio_dmabuf_file *file,
			       struct uio_dmabuf_quiescer *quiescer,
			       struct list_head *mappings)
{
	unsigned int kept;

	if (list_empty(mappings))
		return 0;

	if (!quiescer || uio_dmabuf_stops(device, quiescer->program) ||
	    uio_dmabuf_translates(device->parent)) {
		uio_dmabuf_end_all(device, file, mappings);
		return 0;
	}

	kept = list_count_nodes(mappings);
	INIT_LIST_HEAD(mappings);
	/* Attachments point to it. */
	get_device(device->parent);
	return kept;
}

/**
 * uio_dmabuf_revoke_quarantine - end what is in quarantine as the device goes
 * @device:	imports of the device, its lock held for writing
 *
 * Return: how many mappings stay for ever.
 */
unsigned int uio_dmabuf_revoke_quarantine(struct uio_dmabuf_device *device)
{
	struct uio_dmabuf_quiescer *quiescer, *next;
	unsigned int kept = 0;

	guard(mutex)(&device->quarantine_lock);
	device->revoke_deadline = uio_dmabuf_deadline();
	list_for_each_entry_safe(quiescer, next, &device->quarantine, node) {
		kept += uio_dmabuf_revoke(device, NULL, quiescer, &quiescer->mappings);
		uio_dmabuf_dismiss(device, quiescer);
	}

	return kept;
}
