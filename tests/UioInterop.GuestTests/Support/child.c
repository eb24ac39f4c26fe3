// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A child that is a copy of the caller and does nothing until it is killed. In
 * C, because nothing of .NET works in the copy. Returns its number, or -errno.
 */
int32_t child_fork(void)
{
	pid_t child = fork();

	if (child)
		return child < 0 ? -errno : child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/* Kills it and waits for its end. Returns 0, or -errno. */
int32_t child_end(int32_t child)
{
	if (kill(child, SIGKILL))
		return -errno;

	while (waitpid(child, NULL, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}
