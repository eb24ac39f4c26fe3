/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sources are those of Linux 6.12. What later kernels changed.
 */
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
/* It takes a string there. */
#include <linux/module.h>
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, #ns)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#include <linux/dma-buf.h>
#include <linux/mm.h>
/* It has another name there. */
#define move_notify	invalidate_mappings
/* A plain number there. */
typedef struct { unsigned long val; } pfn_t;
#define vmf_insert_mixed(vma, addr, pfn)	vmf_insert_mixed(vma, addr, (pfn).val)
#endif
