// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into the UIO device that UIO_DEVICE names, such as /dev/uio0.
 * It is never told to do anything, so any will do that can do DMA and that nobody
 * uses: some drivers switch a device off whenever a file of it is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/dma-heap.h>
#include <linux/uio/uio.h>

#include "../kselftest_harness.h"
#include "import.h"

#define LENGTH	(64 << 10)

static int attach(int uio, int buffer, struct uio_dmabuf_attach *arg)
{
	*arg = (struct uio_dmabuf_attach) {
		.size = sizeof(*arg),
		.fd = buffer,
		.direction = UIO_DMABUF_DIR_TO_DEV,
	};
	return call(uio, UIO_IOC_DMABUF_ATTACH, arg);
}

static const char *device(void)
{
	return getenv("UIO_DEVICE");
}

FIXTURE(uio)
{
	int uio;
	int buffer;
	struct uio_query query;
};

FIXTURE_SETUP(uio)
{
	struct uio_dmabuf_attach arg;
	int ret;

	self->buffer = -1;
	self->uio = open(device(), O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->uio, 0);

	self->query.size = sizeof(self->query);
	ret = call(self->uio, UIO_IOC_QUERY, &self->query);
	if (ret == -ENOTTY)
		SKIP(return, "a kernel without CONFIG_UIO_DMABUF");
	ASSERT_EQ(0, ret);
	if (!(self->query.features & UIO_FEATURE_DMABUF))
		SKIP(return, "the device cannot do DMA");

	self->buffer = allocate(LENGTH);
	if (self->buffer < 0)
		SKIP(return, "no system heap");

	ret = attach(self->uio, self->buffer, &arg);
	if (ret == -EPERM)
		SKIP(return, "no IOMMU, and no CAP_SYS_RAWIO");
	if (ret == -ERANGE)
		SKIP(return, "a buffer that the device does not reach");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, detach(self->uio, arg.handle));
}

FIXTURE_TEARDOWN(uio)
{
	close(self->buffer);
	close(self->uio);
}

TEST_F(uio, query_tells_a_consistent_story)
{
	EXPECT_LE(self->query.translation, UIO_TRANSLATION_STRICT);
	EXPECT_GE(self->query.address_bits, 1);
	EXPECT_LE(self->query.address_bits, 64);
	EXPECT_GT(self->query.max_mappings, 16384);
	EXPECT_GE(self->query.max_bytes, LENGTH);
	EXPECT_GE(self->query.max_quiesce_ops, 1);
}

TEST_F(uio, arguments_can_grow)
{
	struct {
		struct uio_query query;
		uint64_t later;
	} arg = { .query.size = sizeof(arg) };

	EXPECT_EQ(0, call(self->uio, UIO_IOC_QUERY, &arg));

	arg.query = (struct uio_query) { .size = sizeof(arg) };
	arg.later = 1;
	EXPECT_EQ(-E2BIG, call(self->uio, UIO_IOC_QUERY, &arg));

	arg.query.size = sizeof(uint32_t);
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_QUERY, &arg));
}

TEST_F(uio, attach_and_detach)
{
	struct uio_dmabuf_attach arg;

	ASSERT_EQ(0, attach(self->uio, self->buffer, &arg));
	EXPECT_NE(0, arg.handle);
	EXPECT_EQ(LENGTH, arg.length);
	EXPECT_GE(arg.nr_ranges, 1);

	EXPECT_EQ(0, detach(self->uio, arg.handle));
	EXPECT_EQ(-ENOENT, detach(self->uio, arg.handle));
}

TEST_F(uio, a_buffer_is_attached_once_in_a_file)
{
	struct uio_dmabuf_attach arg, second;
	int again, other;

	again = dup(self->buffer);
	ASSERT_GE(again, 0);
	other = open(device(), O_RDWR | O_CLOEXEC);
	ASSERT_GE(other, 0);

	ASSERT_EQ(0, attach(self->uio, self->buffer, &arg));
	EXPECT_EQ(-EBUSY, attach(self->uio, again, &second));
	EXPECT_EQ(-ENOENT, detach(other, arg.handle));
	EXPECT_EQ(0, attach(other, self->buffer, &second));
	close(other);
	close(again);
}

TEST_F(uio, a_mapping_outlives_the_descriptor_of_its_buffer)
{
	struct uio_dmabuf_attach arg;
	int buffer;

	buffer = allocate(4096);
	ASSERT_GE(buffer, 0);
	ASSERT_EQ(0, attach(self->uio, buffer, &arg));
	close(buffer);
	EXPECT_EQ(0, detach(self->uio, arg.handle));
}

TEST_F(uio, a_mapping_belongs_to_the_file_and_not_to_the_process)
{
	struct uio_dmabuf_attach arg;
	int status;
	pid_t child;

	ASSERT_EQ(0, attach(self->uio, self->buffer, &arg));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child)
		_exit(detach(self->uio, arg.handle) ? 1 : 0);

	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-ENOENT, detach(self->uio, arg.handle));
}

TEST_F(uio, who_may_not_write_has_the_device_read_only)
{
	struct uio_dmabuf_attach arg = {
		.size = sizeof(arg),
		.fd = self->buffer,
		.direction = UIO_DMABUF_DIR_FROM_DEV,
	};
	int reader;

	reader = open(device(), O_RDONLY | O_CLOEXEC);
	ASSERT_GE(reader, 0);
	EXPECT_EQ(-EACCES, call(reader, UIO_IOC_DMABUF_ATTACH, &arg));

	arg.direction = UIO_DMABUF_DIR_TO_DEV;
	EXPECT_EQ(0, call(reader, UIO_IOC_DMABUF_ATTACH, &arg));
	close(reader);
}

TEST_F(uio, bad_input)
{
	struct uio_dmabuf_attach arg;

	EXPECT_EQ(-EBADF, attach(self->uio, -1, &arg));
	EXPECT_EQ(-EINVAL, attach(self->uio, self->uio, &arg));

	arg.fd = self->buffer;
	arg.flags = 1;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_DMABUF_ATTACH, &arg));
	arg.flags = 0;
	arg.direction = UIO_DMABUF_DIR_NONE;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_DMABUF_ATTACH, &arg));
	EXPECT_EQ(-EFAULT, call(self->uio, UIO_IOC_DMABUF_ATTACH, NULL));
	EXPECT_EQ(-ENOTTY, call(self->uio, _IO(UIO_IOC_TYPE, 0x1f), NULL));
}

TEST_F(uio, ranges_cover_the_buffer_and_do_not_touch)
{
	struct uio_dmabuf_range range, last = {};
	struct uio_dmabuf_ranges ranges = {
		.size = sizeof(ranges),
		.ranges = (uintptr_t)&range,
		.count = 1,
	};
	struct uio_dmabuf_attach arg;
	uint64_t length = 0;

	if (!(self->query.features & UIO_FEATURE_ADDRESSES))
		SKIP(return, "a kernel that keeps addresses to itself");

	ASSERT_EQ(0, attach(self->uio, self->buffer, &arg));
	ranges.handle = arg.handle;
	for (; ranges.first < arg.nr_ranges; ranges.first++) {
		ASSERT_EQ(0, call(self->uio, UIO_IOC_DMABUF_RANGES, &ranges));
		ASSERT_EQ(1, ranges.count);
		EXPECT_EQ(arg.nr_ranges, ranges.total);
		if (length)
			EXPECT_NE(last.address + last.length, range.address);
		length += range.length;
		last = range;
	}
	EXPECT_EQ(arg.length, length);
}

/* No register is written: what these registers do is not known. */
TEST_F(uio, an_address_is_written_for_mapped_bytes_only)
{
	struct uio_dmabuf_write_address arg = {
		.size = sizeof(arg),
		.length = 1,
		/* Has room for any address. */
		.format = UIO_ADDRESS_PAIR,
	};
	struct uio_dmabuf_attach attached;
	int reader;

	EXPECT_EQ(-ENOENT, call(self->uio, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg));

	ASSERT_EQ(0, attach(self->uio, self->buffer, &attached));
	arg.handle = attached.handle;
	arg.length = 0;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg));
	arg.length = LENGTH + 1;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg));
	arg.length = 1;
	arg.offset = LENGTH;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg));
	arg.offset = 0;
	arg.map = UINT32_MAX;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg));
	arg.map = 0;
	arg.reg = 1;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg));
	arg.reg = 0;
	arg.format = 0;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg));
	arg.format = UIO_ADDRESS_32;
	arg.flags = UIO_ADDRESS_HIGH_FIRST;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg));
	arg.flags = 0;

	reader = open(device(), O_RDONLY | O_CLOEXEC);
	ASSERT_GE(reader, 0);
	EXPECT_EQ(-EACCES, call(reader, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg));
	close(reader);
}

TEST_F(uio, the_boards_ioctls_name_a_mapping_by_its_buffer)
{
	struct uio_dmabuf_args arg = { .dir = UIO_DMABUF_DIR_TO_DEV };
	struct uio_dmabuf_attach attached;
	long page = sysconf(_SC_PAGESIZE);
	int buffer, again;

	if (!(self->query.features & UIO_FEATURE_ADDRESSES))
		SKIP(return, "a kernel that keeps addresses to itself");

	buffer = allocate(page);
	ASSERT_GE(buffer, 0);
	again = dup(buffer);
	ASSERT_GE(again, 0);

	arg.dbuf_fd = buffer;
	ASSERT_EQ(0, call(self->uio, UIO_IOC_MAP_DMABUF, &arg));
	EXPECT_EQ(page, arg.size);
	EXPECT_EQ(-EBUSY, call(self->uio, UIO_IOC_MAP_DMABUF, &arg));
	EXPECT_EQ(0, attach(self->uio, buffer, &attached));
	EXPECT_EQ(0, detach(self->uio, attached.handle));

	close(buffer);
	EXPECT_EQ(-EBADF, call(self->uio, UIO_IOC_UNMAP_DMABUF, &arg));
	arg.dbuf_fd = again;
	EXPECT_EQ(0, call(self->uio, UIO_IOC_UNMAP_DMABUF, &arg));
	EXPECT_EQ(0, arg.dbuf_fd);
	EXPECT_EQ(0, arg.dma_addr);
	arg.dbuf_fd = again;
	EXPECT_EQ(-ENOENT, call(self->uio, UIO_IOC_UNMAP_DMABUF, &arg));
	close(again);
}

/* Without a mapping it is never run. */
TEST_F(uio, a_quiesce_program_is_taken)
{
	struct uio_quiesce_op op = { .kind = UIO_QUIESCE_POLL, .width = 32 };
	struct uio_set_quiesce arg = {
		.size = sizeof(arg),
		.ops = (uintptr_t)&op,
		.count = 1,
		.op_size = sizeof(op),
	};
	int ret;

	ret = call(self->uio, UIO_IOC_SET_QUIESCE, &arg);
	if (ret == -EINVAL || ret == -EOPNOTSUPP)
		SKIP(return, "map 0 does not begin with a register");
	EXPECT_EQ(0, ret);
}

TEST_F(uio, a_quiesce_program_is_checked)
{
	struct uio_quiesce_op op = { .kind = UIO_QUIESCE_POLL, .width = 24 };
	struct uio_set_quiesce arg = {
		.size = sizeof(arg),
		.ops = (uintptr_t)&op,
		.count = 1,
		.op_size = sizeof(op),
	};

	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_SET_QUIESCE, &arg));

	arg.count = self->query.max_quiesce_ops + 1;
	EXPECT_EQ(-E2BIG, call(self->uio, UIO_IOC_SET_QUIESCE, &arg));

	arg.count = 0;
	EXPECT_EQ(-EINVAL, call(self->uio, UIO_IOC_SET_QUIESCE, &arg));
	arg.ops = 0;
	arg.op_size = 0;
	EXPECT_EQ(0, call(self->uio, UIO_IOC_SET_QUIESCE, &arg));
}

int main(int argc, char **argv)
{
	if (!device() || access(device(), R_OK | W_OK)) {
		printf("TAP version 13\n1..0 # SKIP UIO_DEVICE names none that may be used\n");
		return KSFT_SKIP;
	}

	return test_harness_run(argc, argv);
}
