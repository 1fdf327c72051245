/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes. */
#include "base/child_process.h"

#include "base/own.h"
#include "base/str.h"

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

/* In the child, until it becomes the program: only calls that are safe after fork in a program with
 * threads (signal-safety(7)). Returns when one of them failed. */
static void become(const struct child_process_options *options, const char *path, pid_t parent)
{
    static const int defaults[] = {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
        signal(defaults[i], SIG_DFL);

    if ((options->death_signal && prctl(PR_SET_PDEATHSIG, options->death_signal) < 0) ||
        getppid() != parent || setpgid(0, 0) < 0)
        return;
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(options->in ? options->in : null, STDIN_FILENO) < 0 ||
        dup2(options->out ? options->out : null, STDOUT_FILENO) < 0 ||
        dup2(options->error ? options->error : null, STDERR_FILENO) < 0)
        return;
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (options->dir && chdir(options->dir) < 0)
        return;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, options->argv, options->env ? options->env : environ);
}

/* The path of a program, looked up in PATH when the name has no slash. The caller frees. */
static char *find_program(const char *name)
{
    if (strchr(name, '/'))
        return str_copy(name);
    const char *dir = getenv("PATH");
    while (dir && *dir) {
        size_t len = strcspn(dir, ":");
        OWN(free) char *path = str_format("%.*s/%s", (int)len, dir, name);
        if (len && access(path, X_OK) == 0)
            return move_ptr(&path);
        dir += len + (dir[len] == ':');
    }
    errno = ENOENT;
    return NULL;
}

/* Waits until the child has become the program: 0, or the errno that it has written. */
static int read_failure(int fd)
{
    int failure = 0;
    ssize_t len;
    while ((len = read(fd, &failure, sizeof(failure))) < 0 && errno == EINTR)
        ;
    return len == sizeof(failure) ? failure : 0;
}

/* False, with errno set. */
static bool fork_into(const struct child_process_options *options, const char *path,
                      struct child_process *child)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return false;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        become(options, path, parent);
        int failure = errno;
        ssize_t sent = write(report[1], &failure, sizeof(failure));
        _exit(sent == sizeof(failure) ? 127 : 126);
    }
    int failure = pid < 0 ? errno : 0;
    close(report[1]);
    if (pid > 0 && (failure = read_failure(report[0])) != 0)
        waitpid(pid, NULL, 0);
    close(report[0]);
    *child = (struct child_process){.pid = pid};
    errno = failure;
    return !failure;
}

bool child_process_start(const struct child_process_options *options, struct child_process *child,
                         struct err *err)
{
    OWN(free) char *path = find_program(options->argv[0]);
    if (path && fork_into(options, path, child) &&
        (child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0)) >= 0)
        return true;
    *child = (struct child_process){0};
    return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE, "cannot start %s",
                         options->argv[0]);
}

int child_process_wait(struct child_process *child)
{
    siginfo_t info = {0};
    while (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED) < 0 && errno == EINTR)
        ;
    close(child->pidfd);
    child->pidfd = -1;
    return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

void child_process_signal(const struct child_process *child, int signal)
{
    if (kill(-child->pid, signal) < 0)
        kill(child->pid, signal);
}
