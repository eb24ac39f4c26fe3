// SPDX-License-Identifier: MIT
/* What the kernel under the test says to misuse; runs against the .so. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <linux/uio/uio.h>

#include "tap.h"
#include "uiodmabuf.h"

#define UNTOUCHED UINT64_C(0xA5A5A5A5A5A5A5A5)
#define UNTOUCHED_32 UINT32_C(0xA5A5A5A5)

static void map_fails(int fd, uint32_t direction, int expected,
		      const char *name)
{
	uint64_t address = UNTOUCHED, length = UNTOUCHED;

	same(uiodmabuf_map(fd, fd, direction, &address, &length), expected,
	     name);
	ok(address == UNTOUCHED && length == UNTOUCHED,
	   "%s: outputs untouched", name);
}

static void handle_functions_fail(int fd, int expected, const char *why)
{
	uint32_t handle = UNTOUCHED_32, nr_ranges = UNTOUCHED_32;
	struct uio_dmabuf_write_address address = { .handle = 1 };
	struct uio_query query = { .size = UNTOUCHED_32 };
	uint64_t length = UNTOUCHED;
	char name[64];

	snprintf(name, sizeof(name), "query, %s", why);
	same(uiodmabuf_query(fd, &query), expected, name);
	ok(query.size == UNTOUCHED_32, "%s: output untouched", name);
	snprintf(name, sizeof(name), "attach, %s", why);
	same(uiodmabuf_attach(fd, fd, 1, &handle, &nr_ranges, &length),
	     expected, name);
	ok(handle == UNTOUCHED_32 && nr_ranges == UNTOUCHED_32 &&
	   length == UNTOUCHED, "%s: outputs untouched", name);
	snprintf(name, sizeof(name), "detach, %s", why);
	same(uiodmabuf_detach(fd, 1), expected, name);
	snprintf(name, sizeof(name), "ranges, %s", why);
	same(uiodmabuf_ranges(fd, 1, 0, NULL, 0), expected, name);
	snprintf(name, sizeof(name), "write_address, %s", why);
	same(uiodmabuf_write_address(fd, &address), expected, name);
	snprintf(name, sizeof(name), "set_quiesce, %s", why);
	same(uiodmabuf_set_quiesce(fd, NULL, 0), expected, name);
	snprintf(name, sizeof(name), "claim, %s", why);
	same(uiodmabuf_claim(fd), expected, name);
}

static void every_function_fails(int fd, int expected, const char *why)
{
	char name[64];

	snprintf(name, sizeof(name), "map, %s", why);
	map_fails(fd, 1, expected, name);
	snprintf(name, sizeof(name), "unmap, %s", why);
	same(uiodmabuf_unmap(fd, fd), expected, name);
	handle_functions_fail(fd, expected, why);
	snprintf(name, sizeof(name), "heap_alloc, %s", why);
	same(uiodmabuf_heap_alloc(fd, 4096, O_RDWR | O_CLOEXEC), expected,
	     name);
	snprintf(name, sizeof(name), "sync, %s", why);
	same(uiodmabuf_sync(fd, 1), expected, name);
	snprintf(name, sizeof(name), "set_name, %s", why);
	same(uiodmabuf_set_name(fd, "x"), expected, name);
	snprintf(name, sizeof(name), "udmabuf_create, %s", why);
	same(uiodmabuf_udmabuf_create(fd, fd, 1, 0, 4096), expected, name);
}

int main(void)
{
	int pipes[2];
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (file < 0 || pipe(pipes))
		bail_out("setup");

	every_function_fails(-1, -EBADF, "descriptor -1");
	every_function_fails(file, -ENOTTY, "/dev/null");
	every_function_fails(pipes[0], -ENOTTY, "a pipe");
	close(file);
	every_function_fails(file, -EBADF, "closed descriptor");

	map_fails(pipes[0], 256 + 2, -EINVAL, "map, direction 258");
	map_fails(pipes[0], UINT32_MAX, -EINVAL, "map, direction 2^32-1");
	map_fails(pipes[0], 255, -ENOTTY, "map, direction 255 is the kernel's");
	map_fails(pipes[0], 0, -ENOTTY, "map, direction 0 is the kernel's");

	return done();
}
