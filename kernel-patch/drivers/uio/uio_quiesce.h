/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that stop a device.
 */
#ifndef _UIO_QUIESCE_H_
#define _UIO_QUIESCE_H_

#include <linux/ktime.h>
#include <linux/time64.h>
#include <linux/uio/uio.h>

struct device;
struct uio_info;
struct uio_quiesce;

#define UIO_QUIESCE_MAX_OPS	16
#define UIO_QUIESCE_MAX_US	((u32)USEC_PER_SEC)

struct uio_quiesce *uio_quiesce_create(const struct uio_quiesce_op *ops,
				       unsigned int count,
				       const struct uio_info *info,
				       struct device *parent);
int uio_quiesce_run(struct uio_quiesce *program, ktime_t deadline);
int uio_quiesce_poll_last(struct uio_quiesce *program);
void uio_quiesce_free(struct uio_quiesce *program);

#endif /* _UIO_QUIESCE_H_ */
