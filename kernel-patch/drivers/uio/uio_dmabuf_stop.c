// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: how a device is stopped when a file is
 * released, and what becomes of buffers whose device does not stop.
 */

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/uio/uio.h>
#include <linux/workqueue.h>

#include "uio_dmabuf.h"
#include "uio_dmabuf_mapping.h"
#include "uio_dmabuf_parent.h"
#include "uio_quiesce.h"

#define UIO_DMABUF_RETRY_MIN	HZ
#define UIO_DMABUF_RETRY_MAX	(60 * HZ)

/**
 * struct uio_dmabuf_quiescer - what stops a device, and what it guards
 * @node:	in &struct uio_dmabuf_device.quarantine
 * @mappings:	what the device may still write to, once in quarantine
 * @program:	stops the device
 * @stop_failed:	the device did not stop when it was last asked to
 * @postponed:	it was not asked yet
 *
 * Made together with the program: a file's release must not fail for memory.
 */
struct uio_dmabuf_quiescer {
	struct list_head	node;
	struct list_head	mappings;
	struct uio_quiesce	*program;
	bool			stop_failed;
	bool			postponed;
};

/**
 * uio_dmabuf_deadline - until when to wait for a device that is asked to stop
 *
 * However many programs there are to ask it, together they have this time.
 *
 * Return: the time.
 */
static ktime_t uio_dmabuf_deadline(void)
{
	return ktime_add_us(ktime_get(), UIO_QUIESCE_MAX_US);
}

/**
 * uio_dmabuf_quiescer_create - make what stops a device
 * @device:	imports of the device, held by uio_dmabuf_device_get()
 * @ops:	how it is stopped
 * @count:	how many operations that are
 *
 * Return: what stops it, with no mappings, or an ERR_PTR().
 */
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
 * uio_dmabuf_quiescer_run - stop a device
 * @quiescer:	how
 * @deadline:	when that is waited for no longer
 *
 * Return: 0 when the device is quiet, otherwise a negative errno.
 */
static int uio_dmabuf_quiescer_run(struct uio_dmabuf_quiescer *quiescer,
				   ktime_t deadline)
{
	int ret;

	ret = uio_quiesce_run(quiescer->program, deadline);
	quiescer->stop_failed = ret;
	quiescer->postponed = false;
	return ret;
}

/**
 * uio_dmabuf_quiescer_postpone - leave it to the worker to stop a device
 * @quiescer:	how that is done
 */
static void uio_dmabuf_quiescer_postpone(struct uio_dmabuf_quiescer *quiescer)
{
	quiescer->stop_failed = true;
	quiescer->postponed = true;
}

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
static void uio_dmabuf_release_held(struct uio_dmabuf_device *device,
				    struct uio_dmabuf_quiescer *quiescer)
{
	unsigned int count;

	list_del(&quiescer->node);
	count = uio_dmabuf_end_mappings(device, &quiescer->mappings);
	spin_lock(&device->count_lock);
	device->nr_quarantined -= count;
	spin_unlock(&device->count_lock);
	uio_dmabuf_quiescer_free(quiescer);
	pm_runtime_put(device->parent);
}

/* Of those that are out of the quarantine: no exporter is called under its lock. */
static void uio_dmabuf_release_all_held(struct uio_dmabuf_device *device,
					struct list_head *quiescers)
{
	struct uio_dmabuf_quiescer *quiescer, *next;

	list_for_each_entry_safe(quiescer, next, quiescers, node)
		uio_dmabuf_release_held(device, quiescer);
}

static bool uio_dmabuf_is_open(struct uio_dmabuf_device *device)
{
	bool open;

	mutex_lock(&device->files_lock);
	open = !list_empty(&device->files);
	mutex_unlock(&device->files_lock);
	return open;
}

/* Lets go of what the device has stopped writing to. */
static bool uio_dmabuf_poll_quarantine(struct uio_dmabuf_device *device)
{
	struct uio_dmabuf_quiescer *quiescer, *next;
	LIST_HEAD(quiet);
	bool empty;

	mutex_lock(&device->quarantine_lock);
	list_for_each_entry_safe(quiescer, next, &device->quarantine, node)
		if (!uio_quiesce_poll_last(quiescer->program))
			list_move_tail(&quiescer->node, &quiet);
	empty = list_empty(&device->quarantine);
	mutex_unlock(&device->quarantine_lock);

	uio_dmabuf_release_all_held(device, &quiet);
	return empty;
}

/*
 * Asks the device once more to stop. Not if others have it open by now: what the
 * dead would write is in their way. They can stop it themselves.
 */
static bool uio_dmabuf_retry_quarantine(struct uio_dmabuf_device *device)
{
	struct uio_dmabuf_quiescer *quiescer, *next;
	ktime_t deadline = uio_dmabuf_deadline();
	bool open = uio_dmabuf_is_open(device);
	LIST_HEAD(quiet);
	bool empty;

	mutex_lock(&device->quarantine_lock);
	list_for_each_entry_safe(quiescer, next, &device->quarantine, node) {
		if (!quiescer->postponed && open)
			continue;
		if (!uio_dmabuf_quiescer_run(quiescer, deadline))
			list_move_tail(&quiescer->node, &quiet);
	}
	empty = list_empty(&device->quarantine);
	mutex_unlock(&device->quarantine_lock);

	uio_dmabuf_release_all_held(device, &quiet);
	return empty;
}

static void uio_dmabuf_retry_later(struct uio_dmabuf_device *device)
{
	mutex_lock(&device->quarantine_lock);
	device->retry_delay = min_t(unsigned long, 2 * device->retry_delay,
				    UIO_DMABUF_RETRY_MAX);
	queue_delayed_work(system_freezable_wq, &device->retry,
			   device->retry_delay);
	mutex_unlock(&device->quarantine_lock);
}

static void uio_dmabuf_retry(struct work_struct *work)
{
	struct uio_dmabuf_device *device =
		container_of(to_delayed_work(work), struct uio_dmabuf_device,
			     retry);
	bool empty = false;

	if (uio_dmabuf_device_get(device))
		return;

	if (!down_timeout(&device->shared->turn, HZ)) {
		empty = uio_dmabuf_poll_quarantine(device) ||
			uio_dmabuf_retry_quarantine(device);
		up(&device->shared->turn);
	}
	if (!empty)
		uio_dmabuf_retry_later(device);
	uio_dmabuf_device_put(device);
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
 * @device:	imports of the device, held by uio_dmabuf_device_get()
 *
 * Nobody gets some while the device writes into those of the dead. Whether it
 * does is read from its registers; nothing is written to them.
 *
 * Return: 0; -EBUSY when it still does, or it is being stopped.
 */
int uio_dmabuf_check_quarantine(struct uio_dmabuf_device *device)
{
	bool empty;

	if (!READ_ONCE(device->nr_quarantined))
		return 0;

	/* Those who wait would keep the device registered. */
	if (down_trylock(&device->shared->turn))
		return -EBUSY;

	empty = uio_dmabuf_poll_quarantine(device);
	up(&device->shared->turn);
	return empty ? 0 : -EBUSY;
}

/**
 * uio_dmabuf_hold_mappings - take the mappings of a file until the device stops
 * @file:	imports of the file, with a program
 * @mappings:	all that it had
 */
void uio_dmabuf_hold_mappings(struct uio_dmabuf_file *file,
			      struct list_head *mappings)
{
	struct uio_dmabuf_device *device = file->device;
	struct uio_dmabuf_quiescer *quiescer = file->quiescer;

	/* Its registers have to answer. */
	if (!file->stop_failed)
		pm_runtime_get_noresume(device->parent);
	file->stop_failed = false;
	file->quiescer = NULL;

	spin_lock(&device->count_lock);
	device->nr_quarantined += list_count_nodes(mappings);
	spin_unlock(&device->count_lock);

	list_splice_init(mappings, &quiescer->mappings);
	mutex_lock(&device->quarantine_lock);
	list_add_tail(&quiescer->node, &device->quarantine);
	mutex_unlock(&device->quarantine_lock);
}

/**
 * uio_dmabuf_quarantine_file - keep the mappings of a file that is being released
 * @file:	imports of the file, its device held by uio_dmabuf_device_get()
 * @mappings:	all that it had
 */
void uio_dmabuf_quarantine_file(struct uio_dmabuf_file *file,
				struct list_head *mappings)
{
	struct uio_dmabuf_device *device = file->device;

	dev_info_ratelimited(device->parent,
			     "does not stop: %zu dma-bufs are kept, and none attached, until it has\n",
			     list_count_nodes(mappings));
	uio_dmabuf_hold_mappings(file, mappings);

	mutex_lock(&device->quarantine_lock);
	device->retry_delay = UIO_DMABUF_RETRY_MIN;
	mod_delayed_work(system_freezable_wq, &device->retry,
			 device->retry_delay);
	mutex_unlock(&device->quarantine_lock);
}

/* What each of so many may take of the time until then. */
static ktime_t uio_dmabuf_share(ktime_t end, unsigned int left)
{
	ktime_t now = ktime_get();

	return ktime_add_ns(now, ktime_divns(ktime_sub(end, now), left));
}

#ifdef CONFIG_PCI
/*
 * The function's device lock is held, as it is while a driver is unbound. Where
 * only a bridge can reset the function, its configuration has to be locked, too.
 * pci_reset_function() locks that first: waiting for it here is a deadlock.
 */
static int uio_dmabuf_reset_pci(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pci_upstream_bridge(pdev);
	int ret;

	if (bridge && !pci_cfg_access_trylock(bridge))
		return -EAGAIN;

	ret = pci_reset_function_locked(pdev);
	if (bridge)
		pci_cfg_access_unlock(bridge);

	return ret;
}

/*
 * Without the bus a function is quiet. It goes on where it was when the next
 * driver switches the bus on again, unless it is reset.
 */
static void uio_dmabuf_stop_pci(struct uio_dmabuf_device *device,
				struct pci_dev *pdev)
{
	struct uio_dmabuf_quiescer *quiescer;
	bool stop_failed = false;

	pci_clear_master(pdev);
	pci_wait_for_pending_transaction(pdev);

	list_for_each_entry(quiescer, &device->quarantine, node)
		stop_failed |= quiescer->stop_failed;
	if (!stop_failed || pdev->dev.links.status != DL_DEV_UNBINDING ||
	    uio_dmabuf_reset_pci(pdev))
		return;

	list_for_each_entry(quiescer, &device->quarantine, node)
		quiescer->stop_failed = false;
}
#else
static void uio_dmabuf_stop_pci(struct uio_dmabuf_device *device,
				struct pci_dev *pdev)
{
}
#endif

/**
 * uio_dmabuf_stop_device - a device goes: stop it
 * @device:	imports of the device, which nobody uses, with all programs
 *
 * One file's part of the device may not stop. That takes its share of the time,
 * and not that of the others. A PCI device loses the bus in any case, as it does
 * a little later in the driver's remove(): buffers must not end before. It is
 * reset if it did not stop and can be. Both only if no UIO device that stays has
 * buffers of the same parent.
 */
void uio_dmabuf_stop_device(struct uio_dmabuf_device *device)
{
	struct uio_dmabuf_quiescer *quiescer;
	unsigned int left;
	ktime_t end;

	down(&device->shared->turn);
	end = uio_dmabuf_deadline();
	left = list_count_nodes(&device->quarantine);
	list_for_each_entry(quiescer, &device->quarantine, node)
		uio_dmabuf_quiescer_run(quiescer, uio_dmabuf_share(end, left--));
	up(&device->shared->turn);

	if (device->nr_mappings && dev_is_pci(device->parent) &&
	    device->nr_mappings == atomic_read(&device->shared->nr_mappings))
		uio_dmabuf_stop_pci(device, to_pci_dev(device->parent));
}

/*
 * Ends mappings of a device that goes. Unless it writes on into their memory:
 * then that memory is lost, and nobody else's is. Returns how much is.
 */
static unsigned int uio_dmabuf_revoke(struct uio_dmabuf_device *device,
				      struct uio_dmabuf_quiescer *quiescer)
{
	unsigned int kept;

	if (!quiescer->stop_failed || uio_dmabuf_translates(device->parent))
		return 0;

	kept = list_count_nodes(&quiescer->mappings);
	INIT_LIST_HEAD(&quiescer->mappings);
	/* Attachments point to it. */
	get_device(device->parent);
	return kept;
}

/**
 * uio_dmabuf_revoke_quarantine - end what is in quarantine as the device goes
 * @device:	imports of the device, which nobody uses
 *
 * Return: how many mappings stay for ever.
 */
unsigned int uio_dmabuf_revoke_quarantine(struct uio_dmabuf_device *device)
{
	struct uio_dmabuf_quiescer *quiescer;
	unsigned int kept = 0;

	list_for_each_entry(quiescer, &device->quarantine, node)
		kept += uio_dmabuf_revoke(device, quiescer);
	uio_dmabuf_release_all_held(device, &device->quarantine);
	return kept;
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

	ret = uio_dmabuf_device_get(file->device);
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
	uio_dmabuf_device_put(file->device);
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

	if (uio_dmabuf_device_get(device))
		return;

	if (uio_dmabuf_is_guarded(file) &&
	    uio_dmabuf_try_to_stop(file)) {
		/* Its registers have to answer while it is asked to stop. */
		pm_runtime_get_noresume(device->parent);
		file->stop_failed = true;
	}
	uio_dmabuf_device_put(device);
}
