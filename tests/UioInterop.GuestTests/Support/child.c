// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
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

static void interrupted(int signal)
{
	(void)signal;
}

/*
 * A child that makes one ioctl, which a signal may end, and exits with its errno.
 * Returns its number, or -errno.
 */
int32_t child_ioctl(int32_t file, uint32_t command, void *argument)
{
	struct sigaction action = { .sa_handler = interrupted };
	pid_t child = fork();

	if (child)
		return child < 0 ? -errno : child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGUSR1, &action, NULL);
	_exit(ioctl(file, command, argument) ? errno : 0);
}

/* Sends it the signal and waits for its end. Returns what it exits with, or -errno. */
int32_t child_interrupt(int32_t child)
{
	int status;

	if (kill(child, SIGUSR1))
		return -errno;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}
