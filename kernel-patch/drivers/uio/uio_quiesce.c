// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that stop a device.
 *
 * A process that drives a device can die at any time, and nobody else knows how
 * to stop the device. So user space says that beforehand, in a few accesses to
 * registers which are checked and mapped then, so that little can go wrong when
 * they are needed.
 */

#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "uio_quiesce.h"
#include "uio_register.h"

/**
 * struct uio_quiesce_step - one operation
 * @op:		as user space gave it
 * @reg:	the register it is about
 * @page:	physical address of the page it is on
 * @base:	where the kernel has that page
 * @addr:	where it has the register
 */
struct uio_quiesce_step {
	struct uio_quiesce_op	op;
	struct uio_register	reg;
	phys_addr_t		page;
	void __iomem		*base;
	void __iomem		*addr;
};

/**
 * struct uio_quiesce - a program that stops a device
 * @pdev:	the device, if it is one that reads as all ones when it is gone
 * @count:	how many @steps there are
 * @steps:	what to do, in this order
 */
struct uio_quiesce {
	struct pci_dev		*pdev;
	unsigned int		count;
	struct uio_quiesce_step	steps[] __counted_by(count);
};

static int uio_quiesce_check(const struct uio_quiesce_op *op)
{
	u32 flags = UIO_QUIESCE_BIG_ENDIAN;
	u64 bits;

	if (op->kind == UIO_QUIESCE_POLL)
		flags |= UIO_QUIESCE_DIFFER;
	if (op->flags & ~flags || op->__reserved)
		return -EINVAL;

	if (!op->width || op->width > 64)
		return -EINVAL;

	bits = GENMASK_ULL(op->width - 1, 0);
	switch (op->kind) {
	case UIO_QUIESCE_WRITE:
		if (op->mask || op->value & ~bits || op->timeout_us)
			return -EINVAL;
		return 0;
	case UIO_QUIESCE_MODIFY:
		if (op->mask & ~bits || op->value & ~op->mask || op->timeout_us)
			return -EINVAL;
		return 0;
	case UIO_QUIESCE_POLL:
		if (op->mask & ~bits || op->value & ~op->mask)
			return -EINVAL;
		return 0;
	default:
		return -EINVAL;
	}
}

/* The first step on that page, of those before @step; or @step itself. */
static struct uio_quiesce_step *
uio_quiesce_same_page(struct uio_quiesce *program,
		      struct uio_quiesce_step *step)
{
	struct uio_quiesce_step *first = program->steps;

	while (first != step && first->page != step->page)
		first++;

	return first;
}

static int uio_quiesce_prepare(struct uio_quiesce *program,
			       struct uio_quiesce_step *step,
			       const struct uio_info *info,
			       struct device *parent)
{
	struct uio_quiesce_step *first;
	phys_addr_t phys;
	int ret;

	ret = uio_quiesce_check(&step->op);
	if (ret)
		return ret;

	step->reg.map = step->op.map;
	step->reg.offset = step->op.reg;
	step->reg.width = step->op.width;
	step->reg.big_endian = step->op.flags & UIO_QUIESCE_BIG_ENDIAN;
	ret = uio_register_find(&step->reg, info, parent, &phys);
	if (ret)
		return ret;

	/* Address space is short on 32 bits, and registers are mostly together. */
	step->page = phys & PAGE_MASK;
	first = uio_quiesce_same_page(program, step);
	if (first == step)
		step->base = ioremap(step->page, PAGE_SIZE);
	if (!first->base)
		return -ENOMEM;

	step->addr = first->base + offset_in_page(phys);
	return 0;
}

/**
 * uio_quiesce_create - make a program of what user space says
 * @ops:	the operations
 * @count:	how many there are, %UIO_QUIESCE_MAX_OPS at most
 * @info:	the UIO device, registered until the caller is done
 * @parent:	its parent
 *
 * Return: the program, or an ERR_PTR().
 */
struct uio_quiesce *uio_quiesce_create(const struct uio_quiesce_op *ops,
				       unsigned int count,
				       const struct uio_info *info,
				       struct device *parent)
{
	struct uio_quiesce *program;
	u64 total_us = 0;
	unsigned int i;
	int ret;

	program = kzalloc(struct_size(program, steps, count), GFP_KERNEL_ACCOUNT);
	if (!program)
		return ERR_PTR(-ENOMEM);

	program->pdev = dev_is_pci(parent) ? to_pci_dev(parent) : NULL;
	program->count = count;
	for (i = 0; i < count; i++) {
		program->steps[i].op = ops[i];
		ret = uio_quiesce_prepare(program, &program->steps[i], info,
					  parent);
		if (ret)
			goto err_free;

		total_us += ops[i].timeout_us;
	}

	/* A write may be on its way still when the program is over. */
	if (ops[count - 1].kind != UIO_QUIESCE_POLL) {
		ret = -EINVAL;
		goto err_free;
	}

	if (total_us > UIO_QUIESCE_MAX_US) {
		ret = -E2BIG;
		goto err_free;
	}

	return program;

err_free:
	uio_quiesce_free(program);
	return ERR_PTR(ret);
}

/**
 * uio_quiesce_free - throw a program away
 * @program:	the program, or NULL
 */
void uio_quiesce_free(struct uio_quiesce *program)
{
	unsigned int i;

	if (!program)
		return;

	for (i = 0; i < program->count; i++)
		if (program->steps[i].base)
			iounmap(program->steps[i].base);
	kfree(program);
}

static bool uio_quiesce_answers(struct pci_dev *pdev)
{
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return !PCI_POSSIBLE_ERROR(command) && command & PCI_COMMAND_MEMORY &&
	       pdev->current_state == PCI_D0;
}

/*
 * A PCI device that reads as all ones is gone or asleep, which is not quiet. In
 * a register of 8 bits that is a value like others, if the device answers
 * elsewhere.
 */
static int uio_quiesce_read(const struct uio_quiesce *program,
			    const struct uio_quiesce_step *step, u64 *value)
{
	*value = uio_register_read(&step->reg, step->addr);
	if (!program->pdev || *value != GENMASK_ULL(step->reg.width - 1, 0))
		return 0;

	return step->reg.width == 8 && uio_quiesce_answers(program->pdev) ?
	       0 : -ENODEV;
}

static int uio_quiesce_modify(const struct uio_quiesce *program,
			      const struct uio_quiesce_step *step)
{
	u64 value;
	int ret;

	ret = uio_quiesce_read(program, step, &value);
	if (ret)
		return ret;

	uio_register_write(&step->reg, step->addr,
			   (value & ~step->op.mask) | step->op.value);
	return 0;
}

static int uio_quiesce_poll(const struct uio_quiesce *program,
			    const struct uio_quiesce_step *step,
			    ktime_t deadline)
{
	ktime_t end = ktime_add_us(ktime_get(), step->op.timeout_us);
	bool differ = step->op.flags & UIO_QUIESCE_DIFFER;
	bool late;
	u64 value;
	int ret;

	for (;;) {
		/* Asked first: the last read comes after the end. */
		late = ktime_after(ktime_get(), min(end, deadline));
		ret = uio_quiesce_read(program, step, &value);
		if (!ret && ((value & step->op.mask) != step->op.value) == differ)
			return 0;
		if (late)
			return ret ? ret : -ETIMEDOUT;
		usleep_range(10, 50);
	}
}

/**
 * uio_quiesce_run - stop a device
 * @program:	how
 * @deadline:	when there is no more waiting, but for each poll one last read
 *
 * Sleeps, for %UIO_QUIESCE_MAX_US and the accesses at most.
 *
 * Return: 0 when the device is quiet, otherwise a negative errno.
 */
int uio_quiesce_run(struct uio_quiesce *program, ktime_t deadline)
{
	struct uio_quiesce_step *step;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < program->count && !ret; i++) {
		step = &program->steps[i];
		switch (step->op.kind) {
		case UIO_QUIESCE_WRITE:
			uio_register_write(&step->reg, step->addr,
					   step->op.value);
			break;
		case UIO_QUIESCE_MODIFY:
			ret = uio_quiesce_modify(program, step);
			break;
		case UIO_QUIESCE_POLL:
			ret = uio_quiesce_poll(program, step, deadline);
			break;
		}
	}

	return ret;
}

/**
 * uio_quiesce_poll_last - whether a device has stopped by now
 * @program:	what stops it
 *
 * Makes the reads that the program ends with, and writes nothing.
 *
 * Return: 0 when the device is quiet, otherwise a negative errno.
 */
int uio_quiesce_poll_last(struct uio_quiesce *program)
{
	unsigned int i = program->count;
	ktime_t now = ktime_get();
	int ret = 0;

	while (i && program->steps[i - 1].op.kind == UIO_QUIESCE_POLL)
		i--;
	for (; i < program->count && !ret; i++)
		ret = uio_quiesce_poll(program, &program->steps[i], now);

	return ret;
}
