// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into UIO devices: buffers that the device does not reach.
 *
 * Without an IOMMU the DMA layer has such a buffer copied for each transfer, to
 * and from a pool that the device reaches: it is bounced. It warns when the
 * pool is out of reach, too, or when there is none.
 *
 * The mask of a device tells whether some memory is out of its reach, and not
 * whether a buffer is. So a buffer is mapped twice, to see whether the bus
 * addresses are the same: each mapping has its own copy in the pool. In these
 * mappings the device only reads, because what a device may write is copied
 * back when the mapping ends, over what the CPU wrote meanwhile.
 */

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uio/uio.h>

#include "uio_dmabuf_mapping.h"

static bool uio_dmabuf_is_ram(u64 start, u64 end)
{
	return start < end &&
	       region_intersects(start, end - start, IORESOURCE_SYSTEM_RAM,
				 IORES_DESC_NONE) != REGION_DISJOINT;
}

/*
 * Whether the device reaches all memory below a physical address. A bus can put
 * memory elsewhere: where it puts one page tells where it puts all.
 */
static bool uio_dmabuf_reaches(struct device *parent, u64 end)
{
	u64 reach = min_not_zero(dma_get_mask(parent), parent->bus_dma_limit);
	dma_addr_t address;
	struct page *page;
	u64 first, offset;

	if (!parent->coherent_dma_mask)
		return false;

	page = dma_alloc_pages(parent, PAGE_SIZE, &address, DMA_TO_DEVICE,
			       GFP_KERNEL | __GFP_NOWARN);
	if (!page)
		return false;

	offset = (u64)address - page_to_phys(page);
	dma_free_pages(parent, PAGE_SIZE, page, address, DMA_TO_DEVICE);

	if ((s64)offset >= 0) {
		if (offset > reach)
			return false;
		first = 0;
		reach -= offset;
	} else {
		first = -offset;
		reach = reach > U64_MAX - first ? U64_MAX : reach + first;
	}

	return !uio_dmabuf_is_ram(0, min(first, end)) &&
	       (reach >= end || !uio_dmabuf_is_ram(reach + 1, end));
}

static bool uio_dmabuf_same_addresses(const struct uio_dmabuf_mapping *one,
				      const struct uio_dmabuf_mapping *other)
{
	struct uio_dmabuf_range range, other_range;
	struct uio_dmabuf_walk walk, other_walk;

	uio_dmabuf_walk_start(&walk, one);
	uio_dmabuf_walk_start(&other_walk, other);
	while (uio_dmabuf_walk_next(&walk, &range))
		if (!uio_dmabuf_walk_next(&other_walk, &other_range) ||
		    range.address != other_range.address ||
		    range.length != other_range.length)
			return false;

	return true;
}

/* Maps a buffer if the device reaches it. Its memory stays where it is. */
static int uio_dmabuf_map_direct(struct uio_dmabuf_mapping *mapping,
				 struct device *parent)
{
	struct uio_dmabuf_mapping first = {
		.dmabuf = mapping->dmabuf,
		.dir = DMA_TO_DEVICE,
	};
	struct uio_dmabuf_mapping second = first;
	int ret;

	ret = uio_dmabuf_map(&first, parent);
	if (ret)
		goto out;

	ret = uio_dmabuf_map(&second, parent);
	if (ret)
		goto out_unmap;

	if (!uio_dmabuf_same_addresses(&first, &second))
		ret = -ERANGE;
	uio_dmabuf_unmap(&second, parent);
	if (!ret)
		ret = uio_dmabuf_map(mapping, parent);
out_unmap:
	uio_dmabuf_unmap(&first, parent);
out:
	/* The pool does not have so much, or not in one piece. */
	return ret == -EIO ? -ERANGE : ret;
}

/**
 * uio_dmabuf_map_reached - map a buffer that the device reaches
 * @mapping:	the mapping: it says whether bounced is as good
 * @parent:	the device that does the DMA
 *
 * Where all DMA is bounced (swiotlb=force, a restricted pool) it is so here.
 *
 * Return: 0; -ERANGE when the device does not reach the buffer, or cannot be
 * asked without a warning; the exporter's error.
 */
int uio_dmabuf_map_reached(struct uio_dmabuf_mapping *mapping,
			   struct device *parent)
{
	bool pool = dma_max_mapping_size(parent) != SIZE_MAX;
	int ret;

	if (uio_dmabuf_translates(parent))
		return uio_dmabuf_map(mapping, parent);

	if (!dma_addressing_limited(parent)) {
		mapping->bounced = pool;
		return uio_dmabuf_map(mapping, parent);
	}

	/* The limit of a bus may be rounded up and reach all memory anyway. */
	if (!pool)
		return uio_dmabuf_reaches(parent, U64_MAX) ?
		       uio_dmabuf_map(mapping, parent) : -ERANGE;

	/* The pool is there, somewhere. */
	if (!uio_dmabuf_reaches(parent, SZ_4G))
		return -ERANGE;

	ret = uio_dmabuf_map_direct(mapping, parent);
	if (ret != -ERANGE || !mapping->may_bounce)
		return ret;

	mapping->bounced = true;
	return uio_dmabuf_map(mapping, parent);
}
