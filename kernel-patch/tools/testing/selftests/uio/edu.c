// SPDX-License-Identifier: GPL-2.0
/*
 * Import of dma-bufs into a device that does DMA: QEMU's edu (-device edu), which
 * UIO_DEVICE names, with uio_pci_generic as its driver. Nobody else may use it.
 * Registers: docs/specs/edu.rst of QEMU.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/uio/uio.h>

#include "../kselftest_harness.h"
#include "import.h"

/* QEMU 7.2 ends on a transfer of all 4096 bytes that the device has. */
#define LENGTH		2048
#define BUFFER		(2 * LENGTH)

#define EDU_ALIAS	"pci:v00001234d000011E8"

#define EDU_ID		0x00
#define EDU_LIVENESS	0x04	/* reads as the inverse of what was written */
#define EDU_SOURCE	0x80
#define EDU_DESTINATION	0x88
#define EDU_COUNT	0x90
#define EDU_COMMAND	0x98

#define EDU_ID_VALUE	0x010000ed
#define EDU_START	0x01
#define EDU_TO_MEMORY	0x02
#define EDU_MEMORY	0x40000

#define PCI_COMMAND		4
#define PCI_COMMAND_MASTER	0x4

#define RELEASES	8
#define ROUNDS		10
#define FORKS		50

/* Its address on the PCI bus: what UIO calls it may change at each bind. */
static char address[NAME_MAX];

static int write_file(const char *path, const char *text)
{
	int fd, ret;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int set_driver(const char *action)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/uio_pci_generic/%s",
		 action);
	return write_file(path, address);
}

static int open_device(void)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int fd = -ENODEV;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/uio", address);
	dir = opendir(path);
	if (!dir)
		return -errno;

	while (fd < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "uio", 3))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	closedir(dir);
	return fd;
}

/* The driver switches it off whenever a file is closed. */
static int set_master(void)
{
	char path[PATH_MAX];
	int fd, ret = -EIO;
	uint16_t command;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", address);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	if (pread(fd, &command, sizeof(command), PCI_COMMAND) == sizeof(command)) {
		command |= PCI_COMMAND_MASTER;
		if (pwrite(fd, &command, sizeof(command), PCI_COMMAND) == sizeof(command))
			ret = 0;
	}
	close(fd);
	return ret;
}

static int attach(int uio, int buffer, uint32_t *handle)
{
	struct uio_dmabuf_attach arg = {
		.size = sizeof(arg),
		.fd = buffer,
		.direction = UIO_DMABUF_DIR_BIDIR,
	};
	int ret;

	ret = call(uio, UIO_IOC_DMABUF_ATTACH, &arg);
	*handle = arg.handle;
	return ret;
}

static int set_quiesce(int uio, struct uio_quiesce_op *ops, unsigned int count)
{
	struct uio_set_quiesce arg = {
		.size = sizeof(arg),
		.ops = (uintptr_t)ops,
		.count = count,
		.op_size = sizeof(*ops),
	};

	return call(uio, UIO_IOC_SET_QUIESCE, &arg);
}

static int sync_memory(int buffer, uint64_t flags)
{
	struct dma_buf_sync arg = { .flags = flags | DMA_BUF_SYNC_RW };

	return call(buffer, DMA_BUF_IOCTL_SYNC, &arg);
}

static uint32_t read_register(void *registers, unsigned int reg)
{
	return __atomic_load_n((uint32_t *)(registers + reg), __ATOMIC_RELAXED);
}

static void write_register(void *registers, unsigned int reg, uint32_t value)
{
	__atomic_store_n((uint32_t *)(registers + reg), value, __ATOMIC_RELAXED);
}

/* Starts a transfer. The device takes about 100 ms for it. */
static int start(int uio, void *registers, uint32_t handle, uint64_t offset,
		 bool to_memory)
{
	struct uio_dmabuf_write_address arg = {
		.size = sizeof(arg),
		.handle = handle,
		.offset = offset,
		.length = LENGTH,
		.reg = to_memory ? EDU_DESTINATION : EDU_SOURCE,
		.format = UIO_ADDRESS_64,
	};
	int ret;

	ret = set_master();
	if (ret)
		return ret;

	ret = call(uio, UIO_IOC_DMABUF_WRITE_ADDRESS, &arg);
	if (ret)
		return ret;

	write_register(registers, to_memory ? EDU_SOURCE : EDU_DESTINATION,
		       EDU_MEMORY);
	write_register(registers, EDU_COUNT, LENGTH);
	write_register(registers, EDU_COMMAND,
		       EDU_START | (to_memory ? EDU_TO_MEMORY : 0));
	return 0;
}

/* Waits for at most two seconds. */
static int wait_idle(void *registers)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	int i;

	for (i = 0; i < 2000; i++) {
		if (!(read_register(registers, EDU_COMMAND) & EDU_START))
			return 0;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

FIXTURE(edu)
{
	int uio;
	int buffer;
	void *registers;
	uint8_t *memory;
	uint32_t handle;
};

FIXTURE_SETUP(edu)
{
	int ret, i;

	self->uio = open_device();
	ASSERT_GE(self->uio, 0);
	self->registers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			       self->uio, 0);
	ASSERT_TRUE(self->registers != MAP_FAILED);
	ASSERT_EQ(EDU_ID_VALUE, read_register(self->registers, EDU_ID));

	self->buffer = allocate(BUFFER);
	if (self->buffer < 0)
		SKIP(return, "no system heap");
	self->memory = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_SHARED,
			    self->buffer, 0);
	ASSERT_TRUE(self->memory != MAP_FAILED);

	ret = attach(self->uio, self->buffer, &self->handle);
	if (ret == -ENOTTY)
		SKIP(return, "a kernel without CONFIG_UIO_DMABUF");
	if (ret == -EPERM)
		SKIP(return, "no IOMMU, and no CAP_SYS_RAWIO");
	if (ret == -ERANGE)
		SKIP(return, "out of reach: -device edu,dma_mask=0xffffffff");
	ASSERT_EQ(0, ret);

	/* The lower half goes through the device's memory to the upper one. */
	ASSERT_EQ(0, sync_memory(self->buffer, DMA_BUF_SYNC_START));
	for (i = 0; i < LENGTH; i++) {
		self->memory[i] = i * 7 + 1;
		self->memory[LENGTH + i] = 0;
	}
	ASSERT_EQ(0, sync_memory(self->buffer, DMA_BUF_SYNC_END));
	ASSERT_EQ(0, start(self->uio, self->registers, self->handle, 0, false));
	ASSERT_EQ(0, wait_idle(self->registers));
}

FIXTURE_TEARDOWN(edu)
{
	munmap(self->registers, 4096);
	munmap(self->memory, BUFFER);
	close(self->buffer);
	close(self->uio);
}

/* Whether the transfer into the upper half has come to its end. */
static bool has_arrived(struct _test_data_edu *self)
{
	bool ret;

	if (sync_memory(self->buffer, DMA_BUF_SYNC_START))
		return false;
	ret = !memcmp(self->memory, self->memory + LENGTH, LENGTH);
	return !sync_memory(self->buffer, DMA_BUF_SYNC_END) && ret;
}

/* A program that waits for the end of a transfer. */
static int stop_by_waiting(int uio)
{
	struct uio_quiesce_op op = {
		.kind = UIO_QUIESCE_POLL,
		.width = 32,
		.reg = EDU_COMMAND,
		.mask = EDU_START,
		.timeout_us = 900000,
	};

	return set_quiesce(uio, &op, 1);
}

TEST_F(edu, copies_through_the_device)
{
	ASSERT_EQ(0, start(self->uio, self->registers, self->handle, LENGTH, true));
	ASSERT_EQ(0, wait_idle(self->registers));
	EXPECT_TRUE(has_arrived(self));
	EXPECT_EQ(0, detach(self->uio, self->handle));
}

TEST_F(edu, a_release_waits_for_the_device)
{
	uint32_t handle;

	ASSERT_EQ(0, stop_by_waiting(self->uio));
	ASSERT_EQ(0, start(self->uio, self->registers, self->handle, LENGTH, true));
	munmap(self->registers, 4096);
	close(self->uio);
	EXPECT_TRUE(has_arrived(self));

	self->uio = open_device();
	ASSERT_GE(self->uio, 0);
	EXPECT_EQ(0, attach(self->uio, self->buffer, &handle));
}

TEST_F(edu, a_device_that_does_not_stop_keeps_the_buffers)
{
	struct uio_quiesce_op op = {
		.kind = UIO_QUIESCE_POLL,
		.width = 32,
		.reg = EDU_LIVENESS,
		.mask = UINT32_MAX,
		.value = 0x12345678,
		.timeout_us = 1000,
	};
	int other, buffer;
	uint32_t handle;

	/* Of its own: one buffer for two files is what DMA debug warns of. */
	buffer = allocate(BUFFER);
	ASSERT_GE(buffer, 0);
	other = open_device();
	ASSERT_GE(other, 0);
	ASSERT_EQ(0, set_quiesce(other, &op, 1));
	ASSERT_EQ(0, attach(other, buffer, &handle));
	write_register(self->registers, EDU_LIVENESS, 1);
	close(other);
	close(buffer);

	/* Nobody gets anything attached now, this file's mapping stays. */
	other = open_device();
	ASSERT_GE(other, 0);
	EXPECT_EQ(-EBUSY, attach(other, self->buffer, &handle));
	EXPECT_EQ(0, detach(self->uio, self->handle));
	EXPECT_EQ(-EBUSY, attach(self->uio, self->buffer, &handle));

	write_register(self->registers, EDU_LIVENESS, ~op.value);
	EXPECT_EQ(0, attach(self->uio, self->buffer, &handle));
	close(other);
}

TEST_F(edu, unbinding_waits_for_the_device_and_ends_the_mappings)
{
	uint32_t handle;
	int ret;

	ASSERT_EQ(0, stop_by_waiting(self->uio));
	ASSERT_EQ(0, start(self->uio, self->registers, self->handle, LENGTH, true));
	ret = set_driver("unbind");
	EXPECT_TRUE(has_arrived(self));
	EXPECT_EQ(-ENODEV, detach(self->uio, self->handle));
	EXPECT_EQ(-ENODEV, attach(self->uio, self->buffer, &handle));
	EXPECT_EQ(0, read_register(self->registers, EDU_ID));
	EXPECT_EQ(0, set_driver("bind"));
	ASSERT_EQ(0, ret);
}

/*
 * Releases a file of its own when @go is closed. Its program works only if no
 * other one runs meanwhile: it waits for what it wrote.
 */
static void release_at_once(int go, uint32_t value)
{
	struct uio_quiesce_op ops[] = {
		{
			.kind = UIO_QUIESCE_WRITE,
			.width = 32,
			.reg = EDU_LIVENESS,
			.value = ~value,
		}, {
			.kind = UIO_QUIESCE_POLL,
			.width = 32,
			.reg = EDU_LIVENESS,
			.mask = UINT32_MAX,
			.value = value,
			.timeout_us = 1000,
		},
	};
	uint32_t handle;
	int uio, buffer;
	char byte;

	uio = open_device();
	buffer = allocate(BUFFER);
	if (uio < 0 || buffer < 0 || set_quiesce(uio, ops, 2) ||
	    attach(uio, buffer, &handle))
		_exit(1);

	_exit(read(go, &byte, 1) != 0);
}

TEST_F(edu, files_are_released_one_after_the_other)
{
	pid_t children[RELEASES];
	int go[2], round, status, i;
	uint32_t handle;

	ASSERT_EQ(0, detach(self->uio, self->handle));
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, pipe(go));
		for (i = 0; i < RELEASES; i++) {
			children[i] = fork();
			ASSERT_GE(children[i], 0);
			if (!children[i]) {
				close(go[1]);
				release_at_once(go[0], 0x1000 + i);
			}
		}
		close(go[1]);
		close(go[0]);
		for (i = 0; i < RELEASES; i++) {
			ASSERT_EQ(children[i], waitpid(children[i], &status, 0));
			ASSERT_EQ(0, status);
		}
		/* Nothing is in quarantine. */
		ASSERT_EQ(0, attach(self->uio, self->buffer, &handle));
		ASSERT_EQ(0, detach(self->uio, handle));
	}
}

/*
 * Forks until @done is closed, and has each of the children look at its registers
 * then. Returns how many of them still saw the device.
 */
static int fork_meanwhile(void *registers, int started, int done)
{
	struct pollfd end = { .fd = done, .events = POLLIN };
	int count = 0, seen = 0, status;
	char byte = 0;
	pid_t child;

	while (count < FORKS && !poll(&end, 1, 0)) {
		child = fork();
		if (child < 0)
			break;
		if (!child) {
			if (read(done, &byte, 1))
				_exit(2);
			_exit(read_register(registers, EDU_ID) == EDU_ID_VALUE);
		}
		if (++count == 5 && write(started, &byte, 1) != 1)
			break;
	}
	while (wait(&status) > 0)
		seen += status != 0;
	return seen;
}

TEST_F(edu, who_is_forked_while_it_is_unbound_has_no_registers)
{
	int started[2], done[2], status, ret;
	pid_t forker;
	char byte;

	ASSERT_EQ(0, pipe(started));
	ASSERT_EQ(0, pipe(done));
	forker = fork();
	ASSERT_GE(forker, 0);
	if (!forker) {
		close(started[0]);
		close(done[1]);
		_exit(fork_meanwhile(self->registers, started[1], done[0]));
	}

	close(started[1]);
	close(done[0]);
	EXPECT_EQ(1, read(started[0], &byte, 1));
	ret = set_driver("unbind");
	close(done[1]);
	EXPECT_EQ(forker, waitpid(forker, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, set_driver("bind"));
	ASSERT_EQ(0, ret);
	close(started[0]);
}

/* Whether UIO_DEVICE names an edu, and where on the bus that is. */
static bool find_device(void)
{
	const char *device = getenv("UIO_DEVICE");
	char path[PATH_MAX], target[PATH_MAX], alias[sizeof(EDU_ALIAS)] = "";
	int fd;

	if (!device || !strrchr(device, '/') || access(device, R_OK | W_OK))
		return false;

	snprintf(path, sizeof(path), "/sys/class/uio%s/device/modalias",
		 strrchr(device, '/'));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, alias, sizeof(alias) - 1) < 0 || strcmp(alias, EDU_ALIAS))
		alias[0] = 0;
	close(fd);
	if (!alias[0])
		return false;

	*strrchr(path, '/') = 0;
	if (!realpath(path, target))
		return false;
	snprintf(address, sizeof(address), "%s", strrchr(target, '/') + 1);
	return true;
}

int main(int argc, char **argv)
{
	if (!find_device()) {
		printf("TAP version 13\n1..0 # SKIP UIO_DEVICE names no edu that may be used\n");
		return KSFT_SKIP;
	}

	return test_harness_run(argc, argv);
}
