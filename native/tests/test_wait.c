// SPDX-License-Identifier: MIT
/* The wait, on pipes: they are readable or not as UIO devices are. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tap.h"
#include "uiodmabuf.h"

#define MSEC INT64_C(1000000)
#define UNTOUCHED UINT32_C(0xA5A5A5A5)

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static void put(int fd, const void *bytes, size_t size)
{
	if (write(fd, bytes, size) != (ssize_t)size)
		bail_out("write");
}

static void waits(int fd, int wake, int64_t timeout, int expected,
		  const char *name)
{
	uint32_t count = UNTOUCHED;

	same(uiodmabuf_wait(fd, wake, &timeout, &count), expected, name);
	ok(count == UNTOUCHED, "%s: count untouched", name);
}

static void goes_on_after_signals(int fd)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	struct sigaction action = { .sa_handler = on_signal };
	int64_t timeout = 50 * MSEC;
	uint32_t count;

	if (sigaction(SIGALRM, &action, NULL) ||
	    setitimer(ITIMER_REAL, &often, NULL))
		bail_out("setitimer");
	same(uiodmabuf_wait(fd, -1, &timeout, &count), 0, "over signals");
	setitimer(ITIMER_REAL, &never, NULL);
	ok(signals > 0, "there were signals");
	same(timeout, 0, "nothing is left of the time");
}

int main(void)
{
	const uint32_t sent = 0x12345678;
	uint32_t count = UNTOUCHED;
	int64_t timeout = 1000 * MSEC;
	int uio[2], wake[2];

	if (pipe(uio) || pipe(wake))
		bail_out("pipe");

	waits(uio[0], -1, 0, 0, "no time");
	waits(uio[0], wake[0], MSEC, 0, "time over");
	goes_on_after_signals(uio[0]);

	put(uio[1], &sent, sizeof(sent));
	same(uiodmabuf_wait(uio[0], wake[0], &timeout, &count), 1, "readable");
	same(count, sent, "the count");
	ok(timeout > 0 && timeout <= 1000 * MSEC, "what is left of the time");

	timeout = -1;
	put(uio[1], &sent, sizeof(sent));
	same(uiodmabuf_wait(uio[0], -1, &timeout, &count), 1, "without limit");
	same(timeout, -1, "no time to tell");

	put(uio[1], &sent, sizeof(sent));
	put(wake[1], "", 1);
	waits(uio[0], wake[0], 1000 * MSEC, -ECANCELED, "woken");
	same(uiodmabuf_wait(uio[0], -1, &timeout, &count), 1,
	     "what was there is still there");

	put(uio[1], "", 1);
	waits(uio[0], -1, 1000 * MSEC, -EIO, "a part of a count");
	waits(-1, -1, 0, 0, "no descriptor, no time");
	close(uio[0]);
	waits(uio[0], -1, 1000 * MSEC, -EBADF, "closed");
	return done();
}
