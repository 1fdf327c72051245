/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a program in a process group of its own. */
#include "kn-local/serving/spawn.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* The child, until it becomes the program. Only what is safe after fork in a program with threads
 * (signal-safety(7)). Returns when it failed. */
static void become(const struct spawn *spawn, pid_t parent, int output)
{
    static const int defaults[] = {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2};
    sigset_t none;
    sigemptyset(&none);
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
        signal(defaults[i], SIG_DFL);

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || setpgid(0, 0) < 0)
        return;
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0)
        return;
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (spawn->dir && chdir(spawn->dir) < 0)
        return;
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(spawn->argv[0], spawn->argv, spawn->env);
}

static bool failed(const struct spawn *spawn, int reason, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "cannot start %s: %s", spawn->argv[0], strerror(reason));
}

/* Waits until the child has become the program, or has written why not. */
static int read_failure(int end)
{
    int reason = 0;
    ssize_t len;
    while ((len = read(end, &reason, sizeof(reason))) < 0 && errno == EINTR)
        ;
    return len == sizeof(reason) ? reason : 0;
}

/* Forks; in the parent, the child's pid once it runs the program. */
static pid_t fork_into(const struct spawn *spawn, int output, int *reason)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) {
        *reason = errno;
        return -1;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        become(spawn, parent, output);
        int failure = errno;
        ssize_t sent = write(report[1], &failure, sizeof(failure));
        _exit(sent == sizeof(failure) ? 127 : 126);
    }
    *reason = errno;
    close(report[1]);
    if (pid > 0 && (*reason = read_failure(report[0])) != 0) {
        waitpid(pid, NULL, 0);
        pid = -1;
    }
    close(report[0]);
    return pid;
}

bool spawn_start(const struct spawn *spawn, pid_t *pid, int *pidfd, int *output, struct err *err)
{
    int ends[2], reason = 0;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return failed(spawn, errno, err);
    *pid = fork_into(spawn, ends[1], &reason);
    close(ends[1]);
    *pidfd = *pid > 0 ? (int)syscall(SYS_pidfd_open, *pid, 0) : -1;
    if (*pidfd < 0) {
        close(ends[0]);
        return failed(spawn, reason ? reason : errno, err);
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *output = ends[0];
    return true;
}

int spawn_end(int pidfd)
{
    siginfo_t info = {0};
    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0 && errno == EINTR)
        ;
    return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

void spawn_signal(pid_t pid, int signal)
{
    if (kill(-pid, signal) < 0)
        kill(pid, signal);
}
