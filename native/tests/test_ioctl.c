// SPDX-License-Identifier: MIT
/*
 * Runs against the static library, with an ioctl() of its own in place of the
 * C library's: a kernel does not return EINTR or EAGAIN on demand, and does not
 * show which bytes reached it.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <linux/uio/uio.h>

#include "tap.h"
#include "uiodmabuf.h"

#define FD 1234
#define BUFFER_FD 0x11223344
#define UNTOUCHED UINT64_C(0xA5A5A5A5A5A5A5A5)

static struct {
	int failures;		/* calls that still fail */
	int error;		/* with this errno */
	int result;		/* of the call that succeeds */
	const void *output;	/* what it leaves in the argument */

	int calls;
	int fd;
	unsigned long request;
	uint8_t input[64];
} fake;

/* Where the number does not tell it, the argument does. */
static size_t size_of(unsigned long request, const void *arg)
{
	uint32_t size;

	if (_IOC_SIZE(request))
		return _IOC_SIZE(request);

	memcpy(&size, arg, sizeof(size));
	return size;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	uint8_t *arg;
	size_t size;

	va_start(arguments, request);
	arg = va_arg(arguments, uint8_t *);
	va_end(arguments);
	size = size_of(request, arg);

	/* A library that spins must end the test, not hang it. */
	if (++fake.calls > 10)
		exit(EXIT_FAILURE);
	fake.fd = fd;
	fake.request = request;
	memcpy(fake.input, arg, size);

	if (fake.failures) {
		fake.failures--;
		errno = fake.error;
		return -1;
	}
	if (fake.output)
		memcpy(arg, fake.output, size);
	return fake.result;
}

static void arm(int failures, int error, int result, const void *output)
{
	memset(&fake, 0, sizeof(fake));
	fake.failures = failures;
	fake.error = error;
	fake.result = result;
	fake.output = output;
}

/* So that padding which nobody zeroes is seen to hold something. */
__attribute__((noinline))
static void dirty_stack(void)
{
	uint8_t bytes[1024];

	memset(bytes, 0xA5, sizeof(bytes));
	__asm__ volatile("" : : "r" (bytes) : "memory");
}

static void passed(unsigned long request, const void *bytes, const char *name)
{
	size_t size = size_of(request, bytes);

	ok(fake.fd == FD && fake.request == request, "%s: descriptor, request",
	   name);
	if (ok(!memcmp(fake.input, bytes, size), "%s: argument", name))
		return;

	printf("# expected, got:");
	for (size_t i = 0; i < size; i++)
		printf(" %02x,%02x", ((const uint8_t *)bytes)[i],
		       fake.input[i]);
	putchar('\n');
}

static void test_map(void)
{
	static const uint8_t input[32] = {
		[0] = 0x44, 0x33, 0x22, 0x11, [24] = UIO_DMABUF_DIR_FROM_DEV,
	};
	static const struct uio_dmabuf_args output = {
		.dma_addr = UINT64_C(0x123456789ABCDEF0),
		.size = UINT64_C(0xFEDCBA9876543210),
	};
	uint64_t address = UNTOUCHED, length = UNTOUCHED;

	arm(2, EINTR, 0, &output);
	dirty_stack();
	same(uiodmabuf_map(FD, BUFFER_FD, UIO_DMABUF_DIR_FROM_DEV, &address,
			   &length), 0, "map");
	same(fake.calls, 3, "map: interrupted twice, called three times");
	passed(UIO_IOC_MAP_DMABUF, input, "map");
	ok(address == output.dma_addr, "map: address");
	ok(length == output.size, "map: length");
}

static void test_map_direction(void)
{
	uint64_t address, length;

	arm(0, 0, 0, NULL);
	uiodmabuf_map(FD, BUFFER_FD, 255, &address, &length);
	same(fake.input[24], 255, "map: direction 255 reaches the kernel");

	arm(0, 0, 0, NULL);
	same(uiodmabuf_map(FD, BUFFER_FD, 256 + 2, &address, &length), -EINVAL,
	     "map: direction 258");
	same(fake.calls, 0, "map: direction 258 does not reach the kernel");
}

static void test_map_failure(void)
{
	uint64_t address = UNTOUCHED, length = UNTOUCHED;

	arm(1, EAGAIN, 0, NULL);
	same(uiodmabuf_map(FD, BUFFER_FD, 1, &address, &length), -EAGAIN,
	     "map: EAGAIN is the caller's");
	same(fake.calls, 1, "map: EAGAIN is not repeated");
	ok(address == UNTOUCHED && length == UNTOUCHED,
	   "map: outputs untouched on failure");
}

static void test_unmap(void)
{
	static const uint8_t input[32] = { [0] = 0x44, 0x33, 0x22, 0x11 };

	arm(2, EINTR, 0, NULL);
	dirty_stack();
	same(uiodmabuf_unmap(FD, BUFFER_FD), 0, "unmap");
	same(fake.calls, 3, "unmap: interrupted twice, called three times");
	passed(UIO_IOC_UNMAP_DMABUF, input, "unmap");

	arm(1, ENOENT, 0, NULL);
	same(uiodmabuf_unmap(FD, BUFFER_FD), -ENOENT, "unmap: error");
}

static void test_query(void)
{
	static const struct uio_query input = { .size = 48 };
	static const struct uio_query output = {
		.size = 48, .features = UINT64_C(0x123456789ABCDEF0),
		.max_quiesce_us = 0x11223344,
	};
	struct uio_query query;

	arm(2, EINTR, 0, &output);
	dirty_stack();
	same(uiodmabuf_query(FD, &query), 0, "query");
	same(fake.calls, 3, "query: interrupted twice, called three times");
	passed(UIO_IOC_QUERY, &input, "query");
	ok(!memcmp(&query, &output, sizeof(query)), "query: output");
}

static void test_attach(void)
{
	static const struct uio_dmabuf_attach input = {
		.size = 32, .fd = BUFFER_FD, .direction = 0x80000003,
	};
	static const struct uio_dmabuf_attach output = {
		.size = 32, .handle = 0x55667788, .nr_ranges = 0x99AABBCC,
		.length = UINT64_C(0xFEDCBA9876543210),
	};
	uint32_t handle = 0, nr_ranges = 0;
	uint64_t length = 0;

	arm(2, EINTR, 0, &output);
	dirty_stack();
	same(uiodmabuf_attach(FD, BUFFER_FD, 0x80000003, &handle, &nr_ranges,
			      &length), 0, "attach");
	same(fake.calls, 3, "attach: interrupted twice, called three times");
	passed(UIO_IOC_DMABUF_ATTACH, &input, "attach");
	ok(handle == output.handle && nr_ranges == output.nr_ranges &&
	   length == output.length, "attach: outputs");
}

static void test_detach(void)
{
	static const struct uio_dmabuf_detach input = {
		.size = 16, .handle = 0x55667788,
	};

	arm(2, EINTR, 0, NULL);
	dirty_stack();
	same(uiodmabuf_detach(FD, 0x55667788), 0, "detach");
	same(fake.calls, 3, "detach: interrupted twice, called three times");
	passed(UIO_IOC_DMABUF_DETACH, &input, "detach");

	arm(1, ENOENT, 0, NULL);
	same(uiodmabuf_detach(FD, 1), -ENOENT, "detach: error");
}

static void test_ranges(void)
{
	struct uio_dmabuf_range ranges[3];
	struct uio_dmabuf_ranges input = {
		.size = 32, .handle = 0x55667788, .first = 7,
		.ranges = (uintptr_t)ranges, .count = 3,
	};
	struct uio_dmabuf_ranges output = input;

	output.count = 2;
	output.total = 9;
	arm(2, EINTR, 0, &output);
	dirty_stack();
	same(uiodmabuf_ranges(FD, 0x55667788, 7, ranges, 3), 2, "ranges");
	same(fake.calls, 3, "ranges: interrupted twice, called three times");
	passed(UIO_IOC_DMABUF_RANGES, &input, "ranges");

	arm(1, ENOTTY, 0, NULL);
	same(uiodmabuf_ranges(FD, 1, 0, ranges, 3), -ENOTTY, "ranges: error");
}

static void test_write_address(void)
{
	struct uio_dmabuf_write_address input = {
		.flags = UIO_ADDRESS_HIGH_FIRST, .handle = 0x55667788, .map = 3,
		.offset = 0x1000, .length = 0x2000, .reg = 0x128,
		.reg_high = 0x12c, .format = UIO_ADDRESS_PAIR,
	};
	struct uio_dmabuf_write_address given = input;

	input.size = 56;
	arm(2, EINTR, 0, NULL);
	same(uiodmabuf_write_address(FD, &given), 0, "write_address");
	same(fake.calls, 3,
	     "write_address: interrupted twice, called three times");
	passed(UIO_IOC_DMABUF_WRITE_ADDRESS, &input, "write_address");
}

static void test_set_quiesce(void)
{
	static const struct uio_quiesce_op op = { .kind = UIO_QUIESCE_POLL };
	struct uio_set_quiesce input = {
		.size = 24, .ops = (uintptr_t)&op, .count = 1, .op_size = 48,
	};

	arm(2, EINTR, 0, NULL);
	dirty_stack();
	same(uiodmabuf_set_quiesce(FD, &op, 1), 0, "set_quiesce");
	same(fake.calls, 3,
	     "set_quiesce: interrupted twice, called three times");
	passed(UIO_IOC_SET_QUIESCE, &input, "set_quiesce");
}

static void test_claim(void)
{
	struct uio_claim input = { .size = 8 };

	arm(2, EINTR, 0, NULL);
	dirty_stack();
	same(uiodmabuf_claim(FD), 0, "claim");
	same(fake.calls, 3, "claim: interrupted twice, called three times");
	passed(UIO_IOC_CLAIM, &input, "claim");

	arm(1, EBUSY, 0, NULL);
	same(uiodmabuf_claim(FD), -EBUSY, "claim: error");
}

static void test_heap_alloc(void)
{
	static const struct dma_heap_allocation_data input = {
		.len = UINT64_C(0x123456789ABC), .fd_flags = 0x80002,
	};
	static const struct dma_heap_allocation_data output = { .fd = 77 };

	arm(2, EINTR, 0, &output);
	dirty_stack();
	same(uiodmabuf_heap_alloc(FD, input.len, input.fd_flags), 77,
	     "heap_alloc: new descriptor");
	same(fake.calls, 3,
	     "heap_alloc: interrupted twice, called three times");
	passed(DMA_HEAP_IOCTL_ALLOC, &input, "heap_alloc");

	arm(1, ENOMEM, 0, NULL);
	same(uiodmabuf_heap_alloc(FD, 4096, 2), -ENOMEM, "heap_alloc: error");
}

static void test_sync(void)
{
	static const struct dma_buf_sync input = {
		.flags = UINT64_C(0x8000000000000005),
	};

	arm(2, EINTR, 0, NULL);
	same(uiodmabuf_sync(FD, input.flags), 0, "sync");
	same(fake.calls, 3, "sync: interrupted twice, called three times");
	passed(DMA_BUF_IOCTL_SYNC, &input, "sync");

	arm(2, EAGAIN, 0, NULL);
	same(uiodmabuf_sync(FD, 1), 0, "sync: EAGAIN");
	same(fake.calls, 3, "sync: EAGAIN twice, called three times");

	arm(1, EIO, 0, NULL);
	same(uiodmabuf_sync(FD, 1), -EIO, "sync: error");
}

static void test_set_name(void)
{
	static const char input[8] = "samples";

	/* It is the name that the kernel gets, not a structure with it. */
	arm(2, EINTR, 0, NULL);
	same(uiodmabuf_set_name(FD, input), 0, "set_name");
	same(fake.calls, 3, "set_name: interrupted twice, called three times");
	passed(DMA_BUF_SET_NAME_B, input, "set_name");

	arm(1, EIO, 0, NULL);
	same(uiodmabuf_set_name(FD, input), -EIO, "set_name: error");
}

static void test_udmabuf_create(void)
{
	static const struct udmabuf_create input = {
		.memfd = BUFFER_FD, .flags = 0x55667788,
		.offset = UINT64_C(0x123456789ABC),
		.size = UINT64_C(0xFEDCBA987654),
	};

	arm(2, EINTR, 78, NULL);
	same(uiodmabuf_udmabuf_create(FD, BUFFER_FD, input.flags, input.offset,
				      input.size), 78,
	     "udmabuf_create: new descriptor");
	same(fake.calls, 3,
	     "udmabuf_create: interrupted twice, called three times");
	passed(UDMABUF_CREATE, &input, "udmabuf_create");

	arm(1, EBADFD, 0, NULL);
	same(uiodmabuf_udmabuf_create(FD, BUFFER_FD, 1, 0, 4096), -EBADFD,
	     "udmabuf_create: error");
}

int main(void)
{
	test_map();
	test_map_direction();
	test_map_failure();
	test_unmap();
	test_query();
	test_attach();
	test_detach();
	test_ranges();
	test_write_address();
	test_set_quiesce();
	test_claim();
	test_heap_alloc();
	test_sync();
	test_set_name();
	test_udmabuf_create();
	return done();
}
