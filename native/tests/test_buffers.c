// SPDX-License-Identifier: MIT
/* The kernel's own exporters, where the machine has them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/udmabuf.h>

#include "tap.h"
#include "uiodmabuf.h"

static uint64_t page;

static void *map_memory(int fd)
{
	void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			    0);

	if (memory == MAP_FAILED)
		bail_out("mmap");
	return memory;
}

static void test_access(int dmabuf)
{
	static const char text[] = "through the CPU's map";
	char *memory = map_memory(dmabuf);

	same(uiodmabuf_sync(dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW), 0,
	     "sync: start");
	memcpy(memory, text, sizeof(text));
	ok(!memcmp(memory, text, sizeof(text)), "memory keeps what is written");
	same(uiodmabuf_sync(dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW), 0,
	     "sync: end");
	same(uiodmabuf_sync(dmabuf, DMA_BUF_SYNC_START), -EINVAL,
	     "sync: neither read nor write");
	same(uiodmabuf_sync(dmabuf, UINT64_C(1) << 32 | DMA_BUF_SYNC_READ),
	     -EINVAL, "sync: flag above 32 bits");
	munmap(memory, page);
}

static void test_heap(const char *name)
{
	int heap = open(name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	int dmabuf;

	printf("# %s\n", name);
	if (heap < 0) {
		skip(name, strerror(errno));
		return;
	}

	dmabuf = uiodmabuf_heap_alloc(heap, page - 1, O_RDWR | O_CLOEXEC);
	if (ok(dmabuf >= 0, "heap_alloc")) {
		same(fcntl(dmabuf, F_GETFD), FD_CLOEXEC, "close-on-exec");
		same(fcntl(dmabuf, F_GETFL) & O_ACCMODE, O_RDWR, "read-write");
		same(lseek(dmabuf, 0, SEEK_END), page, "rounded up to a page");
		same(fstat(dmabuf, &status), 0, "is a descriptor");
		test_access(dmabuf);
		close(dmabuf);
	}
	same(uiodmabuf_heap_alloc(heap, 0, O_RDWR | O_CLOEXEC), -EINVAL,
	     "heap_alloc: no length");
	same(uiodmabuf_heap_alloc(heap, page, O_APPEND), -EINVAL,
	     "heap_alloc: unknown flag");
	close(heap);
}

static void test_heaps(void)
{
	DIR *directory = opendir("/dev/dma_heap");
	struct dirent *entry;
	char name[280];

	if (!directory) {
		skip("/dev/dma_heap", strerror(errno));
		return;
	}
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "/dev/dma_heap/%s",
			 entry->d_name);
		test_heap(name);
	}
	closedir(directory);
}

static int new_memfd(int seals)
{
	int memfd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (memfd < 0 || ftruncate(memfd, 2 * page) ||
	    fcntl(memfd, F_ADD_SEALS, seals))
		bail_out("memfd");
	return memfd;
}

static void test_udmabuf(void)
{
	int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memfd, unsealed, dmabuf;
	char *pages, *shared;

	if (udmabuf < 0) {
		skip("/dev/udmabuf", strerror(errno));
		return;
	}
	printf("# /dev/udmabuf\n");
	memfd = new_memfd(F_SEAL_SHRINK);
	unsealed = new_memfd(0);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, memfd,
		     0);
	if (pages == MAP_FAILED)
		bail_out("mmap");

	dmabuf = uiodmabuf_udmabuf_create(udmabuf, memfd, UDMABUF_FLAGS_CLOEXEC,
					  page, page);
	if (ok(dmabuf >= 0, "udmabuf_create")) {
		same(fcntl(dmabuf, F_GETFD), FD_CLOEXEC, "close-on-exec");
		same(lseek(dmabuf, 0, SEEK_END), page, "size");
		test_access(dmabuf);
		shared = map_memory(dmabuf);
		strcpy(pages + page, "second page");
		ok(!strcmp(shared, "second page"), "offset");
		munmap(shared, page);
		close(dmabuf);
	}
	same(uiodmabuf_udmabuf_create(udmabuf, unsealed, 1, 0, page), -EINVAL,
	     "udmabuf_create: memfd not sealed");
	same(uiodmabuf_udmabuf_create(udmabuf, memfd, 1, 1, page), -EINVAL,
	     "udmabuf_create: offset inside a page");
	same(uiodmabuf_udmabuf_create(udmabuf, memfd, 1, 0, 0), -EINVAL,
	     "udmabuf_create: no size");
	same(uiodmabuf_udmabuf_create(udmabuf, memfd, 1, page, 2 * page),
	     -EINVAL, "udmabuf_create: beyond the end");
	same(uiodmabuf_udmabuf_create(udmabuf, -1, 1, 0, page), -EBADFD,
	     "udmabuf_create: memfd -1");
	same(uiodmabuf_udmabuf_create(udmabuf, udmabuf, 1, 0, page), -EBADFD,
	     "udmabuf_create: not a memfd");
	munmap(pages, 2 * page);
	close(unsealed);
	close(memfd);
	close(udmabuf);
}

int main(void)
{
	page = (uint64_t)sysconf(_SC_PAGESIZE);
	test_heaps();
	test_udmabuf();
	return done();
}
