// SPDX-License-Identifier: MIT
/*
 * The guest's first process. It prepares the machine, runs the one program
 * named in /init.argv, says on the kernel log how that ended, and switches the
 * machine off. It never returns: a kernel without init panics.
 *
 * Everything it says, and everything the program prints, goes through
 * /dev/kmsg. Writing to the console itself would land in the middle of kernel
 * lines, and the harness judges the run by those lines.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAX_ARGUMENTS	64
/* The kernel refuses records longer than 1024 bytes, prefix included. */
#define MAX_LINE	900
#define MAX_FRAME	4096
#define READY		"\006"
#define END_OF_FILE	"\004"

static int kmsg = -1;

/* Facility "user", level "info": never mistaken for a kernel warning. */
static void say(const char *format, ...)
{
	char line[MAX_LINE + 32];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(line))
		length = sizeof(line) - 1;
	if (kmsg < 0 || write(kmsg, line, length) != length)
		dprintf(STDERR_FILENO, "%s\n", line);
}

static void power_off(void)
{
	say("<14>init: powering off");
	sync();
	reboot(RB_POWER_OFF);
	say("<14>init: cannot power off: %s", strerror(errno));
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void mount_at(const char *type, const char *path)
{
	mkdir(path, 0755);
	if (mount(type, path, type, 0, NULL) && errno != EBUSY)
		say("<14>init: cannot mount %s on %s: %s", type, path,
		    strerror(errno));
}

static void mount_file_systems(void)
{
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("devtmpfs", "/dev");
	mount_at("debugfs", "/sys/kernel/debug");
	mount_at("tmpfs", "/tmp");
	mount_at("tmpfs", "/dev/shm");
}

static void open_console(void)
{
	int console = open("/dev/console", O_RDWR);

	if (console < 0)
		return;
	dup2(console, STDIN_FILENO);
	dup2(console, STDOUT_FILENO);
	dup2(console, STDERR_FILENO);
	if (console > STDERR_FILENO)
		close(console);
}

static void set_environment(void)
{
	clearenv();
	setenv("PATH", "/usr/bin:/bin:/app", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "dumb", 1);
	setenv("DOTNET_gcServer", "0", 1);
	/* What an emulated CPU pays for and a short run never earns back. */
	setenv("DOTNET_TieredPGO", "0", 1);
	setenv("DOTNET_EnableDiagnostics", "0", 1);
	setenv("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1", 1);
}

/* A test holds 10,000 buffers; the kernel's own limit is 4096 files. */
static void raise_limits(void)
{
	struct rlimit files = { .rlim_cur = 65536, .rlim_max = 65536 };

	if (setrlimit(RLIMIT_NOFILE, &files))
		say("<14>init: cannot raise the limit of open files: %s",
		    strerror(errno));
}

/* One module per line, in the order in which they depend on each other. */
static void load_modules(void)
{
	FILE *list = fopen("/lib/modules.list", "re");
	char line[256];

	while (list && fgets(line, sizeof(line), list)) {
		char *parameters = line;
		char *path = strsep(&parameters, " \n");
		int module = open(path, O_RDONLY | O_CLOEXEC);

		if (module < 0 ||
		    syscall(SYS_finit_module, module, parameters, 0))
			say("<14>init: cannot load %s: %s", path,
			    strerror(errno));
		if (module >= 0)
			close(module);
	}
	if (list)
		fclose(list);
}

/* Copies the value of "name=" on the kernel command line; 0 when absent. */
static int kernel_argument(const char *name, char *value, size_t size)
{
	FILE *file = fopen("/proc/cmdline", "re");
	char line[4096] = "", *word, *rest;
	size_t length = strlen(name);

	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	for (word = strtok_r(line, " \n", &rest); word;
	     word = strtok_r(NULL, " \n", &rest)) {
		if (strncmp(word, name, length) || word[length] != '=')
			continue;
		snprintf(value, size, "%s", word + length + 1);
		return 1;
	}
	return 0;
}

/* The port that carries results, with every byte passed on unchanged. */
static int open_results(void)
{
	struct termios settings;
	char path[64];
	int port;

	if (!kernel_argument("uio.results", path, sizeof(path)))
		return -1;
	port = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port < 0 || tcgetattr(port, &settings)) {
		say("<14>init: cannot open %s: %s", path, strerror(errno));
		return port;
	}
	cfmakeraw(&settings);
	/* QEMU paces what comes in on a Cadence UART by this. */
	cfsetspeed(&settings, B921600);
	tcsetattr(port, TCSANOW, &settings);
	return port;
}

static void read_arguments(char *arguments[MAX_ARGUMENTS + 1])
{
	FILE *file = fopen("/init.argv", "re");
	char *line = NULL;
	size_t size = 0;
	int count = 0;

	while (file && count < MAX_ARGUMENTS &&
	       getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		arguments[count++] = line;
		line = NULL;
		size = 0;
	}
	arguments[count] = NULL;
	if (file)
		fclose(file);
}

/*
 * The program's input, as frames on the result port: a length in decimal, a
 * newline, so many bytes. A frame of 0 bytes is the end of the input.
 */
struct input {
	int port;		/* -1: there is none, or no more */
	int pipe;		/* the program's standard input */
	int is_terminal;	/* what it reads: its end is a character */
	size_t expected;	/* bytes of the frame that are still to come */
	int in_header;
	size_t used;		/* bytes that the program has not taken yet */
	char bytes[MAX_FRAME];
};

/* A pipe: the end that the program reads, or -1. The other one is ours. */
static int open_pipe(int *ours)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	*ours = ends[1];
	return ends[0];
}

/* A terminal of "80x24": the program's side of it, or -1. The other is ours. */
static int open_terminal(const char *size, int *ours)
{
	struct winsize window = { 0 };
	int locked = 0;

	mount_at("devpts", "/dev/pts");
	*ours = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*ours < 0 || ioctl(*ours, TIOCSPTLCK, &locked))
		return -1;
	if (sscanf(size, "%hux%hu", &window.ws_col, &window.ws_row) == 2)
		ioctl(*ours, TIOCSWINSZ, &window);
	return ioctl(*ours, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* Feeds the program from the result port. */
static void open_input(struct input *input, int results, int feed)
{
	char path[32];

	/* A file of its own: the program's output is not to be non-blocking. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", results);
	input->port = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* A program that has closed its input is not our end. */
	signal(SIGPIPE, SIG_IGN);
	fcntl(feed, F_SETFL, O_NONBLOCK);
	input->pipe = feed;
	/* What the host sends before the port is open is lost: it waits. */
	if (input->port < 0 || write(results, READY, 1) != 1)
		say("<14>init: cannot ask for input: %s", strerror(errno));
}

/* The frame of 0 bytes has come, and all before it is delivered. */
static void end_input(struct input *input)
{
	if (input->used || input->in_header || input->expected)
		return;
	if (input->is_terminal && write(input->pipe, END_OF_FILE, 1) != 1)
		say("<14>init: the terminal does not take the input's end");
	close(input->pipe);
	close(input->port);
	input->pipe = -1;
	input->port = -1;
}

/* Takes what has come, as far as there is room for it. */
static void receive(struct input *input)
{
	char byte;

	while (input->port >= 0 && input->in_header &&
	       read(input->port, &byte, 1) == 1) {
		if (byte >= '0' && byte <= '9') {
			input->expected = input->expected * 10 + (byte - '0');
			continue;
		}
		input->in_header = 0;
	}
	if (input->port >= 0 && !input->in_header && input->expected) {
		size_t room = MAX_FRAME - input->used;
		size_t most = input->expected < room ? input->expected : room;
		ssize_t count = read(input->port, input->bytes + input->used,
				     most);

		if (count > 0) {
			input->used += count;
			input->expected -= count;
		}
		if (!input->expected)
			input->in_header = 1;
	}
	end_input(input);
}

/* Gives it to the program, as far as that takes it. */
static void deliver(struct input *input)
{
	ssize_t count = write(input->pipe, input->bytes, input->used);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* It may have closed its input: what comes is thrown away then. */
	if (count < 0)
		count = input->used;
	input->used -= count;
	memmove(input->bytes, input->bytes + count, input->used);
	end_input(input);
}

static pid_t start(char *arguments[], int input, int output)
{
	sigset_t none;
	pid_t child = fork();

	if (child)
		return child;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	signal(SIGPIPE, SIG_DFL);
	if (input >= 0) {
		dup2(input, STDIN_FILENO);
		/* Where it is a terminal, Ctrl-C is a signal. */
		ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	}
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(arguments[0], arguments);
	say("<14>init: cannot run %s: %s", arguments[0], strerror(errno));
	_exit(127);
}

/* Passes what the program writes to its terminal on; false at its end. */
static int relay_terminal(int from, int to)
{
	char bytes[1024];
	ssize_t count = read(from, bytes, sizeof(bytes)), written = 0, one;

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	while (written < count) {
		one = write(to, bytes + written, count - written);
		if (one < 0 && errno != EINTR)
			return 0;
		written += one > 0 ? one : 0;
	}
	return count > 0;
}

/* Passes the program's output on as lines; false at its end. */
static int relay_lines(int from)
{
	static char line[MAX_LINE + 1];
	static size_t used;
	ssize_t count = read(from, line + used, MAX_LINE - used);
	char *end;

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (count <= 0) {
		if (used)
			say("<14>%.*s", (int)used, line);
		used = 0;
		return 0;
	}
	used += count;
	line[used] = '\0';
	while ((end = memchr(line, '\n', used)) || used == MAX_LINE) {
		size_t length = end ? (size_t)(end - line) : used;
		size_t taken = end ? length + 1 : length;

		say("<14>%.*s", (int)length, line);
		used -= taken;
		memmove(line, line + taken, used);
	}
	return 1;
}

static int relay(int from, int to)
{
	return to >= 0 ? relay_terminal(from, to) : relay_lines(from);
}

static int reap(pid_t program, int *status)
{
	int ended = 0, one;
	pid_t child;

	while ((child = waitpid(-1, &one, WNOHANG)) > 0) {
		if (child != program)
			continue;
		*status = one;
		ended = 1;
	}
	return ended;
}

/* Waits for the program; orphans it leaves behind are reaped on the way. */
static int supervise(pid_t program, int signals, int output, int to,
		     struct input *input)
{
	struct pollfd sources[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = output, .events = POLLIN },
		{ .events = POLLIN },
		{ .events = POLLOUT },
	};
	struct signalfd_siginfo ignored;
	int status = 0, ended = 0;

	while (!ended) {
		/* Nothing more is taken while the program takes nothing. */
		sources[2].fd = input->used < MAX_FRAME ? input->port : -1;
		sources[3].fd = input->used ? input->pipe : -1;
		poll(sources, 4, -1);
		if (sources[2].revents)
			receive(input);
		if (sources[3].revents)
			deliver(input);
		if (sources[1].revents && !relay(output, to))
			sources[1].fd = -1;
		if (sources[0].revents &&
		    read(signals, &ignored, sizeof(ignored)) > 0)
			ended = reap(program, &status);
	}
	/* What it wrote last is still in the pipe. */
	while (output >= 0 && poll(&sources[1], 1, 0) > 0 &&
	       relay(output, to))
		;
	return status;
}

static void report(int status)
{
	if (WIFSIGNALED(status))
		say("<14>init: program ended by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		say("<14>init: program exited with code %d",
		    WEXITSTATUS(status));
}

static void run(int results)
{
	char *arguments[MAX_ARGUMENTS + 1], where[16];
	struct input input = { .port = -1, .pipe = -1, .in_header = 1 };
	int channel[2] = { -1, -1 }, signals, source = -1, feed = -1;
	int output, to = -1;
	sigset_t child_signals;
	pid_t program;

	read_arguments(arguments);
	if (!arguments[0] || pipe2(channel, O_CLOEXEC)) {
		say("<14>init: nothing to run");
		return;
	}
	sigemptyset(&child_signals);
	sigaddset(&child_signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_signals, NULL);
	signals = signalfd(-1, &child_signals, SFD_CLOEXEC);

	output = results >= 0 &&
		 kernel_argument("uio.stdout", where, sizeof(where)) &&
		 !strcmp(where, "results") ? results : channel[1];
	if (results >= 0 &&
	    kernel_argument("uio.stdin", where, sizeof(where)) &&
	    !strcmp(where, "results")) {
		input.is_terminal = kernel_argument("uio.terminal", where,
						    sizeof(where));
		source = input.is_terminal ? open_terminal(where, &feed) :
					     open_pipe(&feed);
		if (source < 0)
			say("<14>init: no input for the program: %s",
			    strerror(errno));
		else
			open_input(&input, results, feed);
	}
	if (input.is_terminal && source >= 0) {
		/* What it writes there comes out where we write its input. */
		output = source;
		channel[0] = fcntl(feed, F_DUPFD_CLOEXEC, 0);
		to = results;
	}
	say("<14>init: running %s", arguments[0]);
	program = start(arguments, source, output);
	close(channel[1]);
	if (source >= 0)
		close(source);
	report(supervise(program, signals, channel[0], to, &input));
	if (results >= 0)
		tcdrain(results);
}

int main(void)
{
	mount_file_systems();
	open_console();
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	set_environment();
	raise_limits();
	load_modules();
	if (chdir("/"))
		say("<14>init: no root directory");
	run(open_results());
	power_off();
}
