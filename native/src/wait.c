// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/time_types.h>

#include "uiodmabuf.h"

/*
 * The system calls themselves. ppoll() of the C library keeps to itself how much
 * of the time is left. read() is one where POSIX threads may be cancelled, which
 * takes as many instructions as the rest of this function, and .NET's never are.
 */
#ifdef SYS_ppoll_time64
#define PPOLL	SYS_ppoll_time64
#else
#define PPOLL	SYS_ppoll
#endif

#define NSEC_PER_SEC	1000000000LL

int32_t uiodmabuf_wait(int32_t uio_fd, int32_t wake_fd, int64_t *timeout_ns,
		       uint32_t *count)
{
	struct pollfd fds[] = {
		{ .fd = uio_fd, .events = POLLIN },
		{ .fd = wake_fd, .events = POLLIN },
	};
	struct __kernel_timespec left = {
		.tv_sec = *timeout_ns / NSEC_PER_SEC,
		.tv_nsec = *timeout_ns % NSEC_PER_SEC,
	};
	struct __kernel_timespec *limit = *timeout_ns < 0 ? NULL : &left;
	uint32_t value;
	ssize_t size;
	long ready;

	do {
		ready = syscall(PPOLL, fds, 2, limit, NULL, 8);
	} while (ready < 0 && errno == EINTR);

	if (limit)
		*timeout_ns = left.tv_sec * NSEC_PER_SEC + left.tv_nsec;
	if (ready < 0)
		return -errno;
	if (ready == 0)
		return 0;
	if (fds[1].revents)
		return -ECANCELED;

	do {
		size = syscall(SYS_read, uio_fd, &value, sizeof(value));
	} while (size < 0 && errno == EINTR);

	if (size < 0)
		return -errno;
	if (size != sizeof(value))
		return -EIO;

	*count = value;
	return 1;
}
