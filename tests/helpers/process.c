/* SPDX-License-Identifier: Apache-2.0 */
/* Starts, watches and stops the programs under test. */
#include "tests/helpers/process.h"

#include "base/env.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { AWAIT_SEC = 60 };

const char *build_dir(void)
{
    return env_str("BUILD", "build/address-undefined");
}

static void *read_output(void *context)
{
    struct process *process = context;
    char chunk[4096];
    for (ssize_t len; (len = read(process->output, chunk, sizeof(chunk))) > 0;) {
        pthread_mutex_lock(&process->lock);
        buf_add(&process->log, chunk, (size_t)len);
        pthread_cond_broadcast(&process->changed);
        pthread_mutex_unlock(&process->lock);
    }
    pthread_mutex_lock(&process->lock);
    process->ended = true;
    pthread_cond_broadcast(&process->changed);
    pthread_mutex_unlock(&process->lock);
    return NULL;
}

/* A minimal environment and the given variables. */
static void fill_environment(char **list, size_t size, const char *const *variables)
{
    static const char *const inherited[] = {"PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                            "TSAN_OPTIONS"};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(inherited); i++)
        if (getenv(inherited[i]))
            list[count++] = str_format("%s=%s", inherited[i], getenv(inherited[i]));
    for (; variables && *variables; variables++) {
        assert_true(count + 1 < size);
        list[count++] = str_copy(*variables);
    }
    list[count] = NULL;
}

void process_start(struct process *process, const char *name, const char *const *arguments,
                   const char *const *environment)
{
    *process = (struct process){0};
    pthread_mutex_init(&process->lock, NULL);
    pthread_cond_init(&process->changed, NULL);

    OWN(free) char *path = str_format("%s/%s", build_dir(), name);
    char *argv[32] = {path};
    for (size_t i = 0; arguments && arguments[i]; i++) {
        assert_true(i + 2 < ARRAY_SIZE(argv));
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    char *variables[64];
    fill_environment(variables, ARRAY_SIZE(variables), environment);

    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    int failure = posix_spawn(&process->pid, path, &actions, NULL, argv, variables);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    for (char **variable = variables; *variable; variable++)
        free(*variable);
    if (failure)
        fail_msg("cannot start %s: %s", path, strerror(failure));
    process->output = ends[0];
    pthread_create(&process->reader, NULL, read_output, process);
}

void process_await(struct process *process, const char *text)
{
    pthread_mutex_lock(&process->lock);
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += AWAIT_SEC;
    int late = 0;
    while (!late && !process->ended && !(process->log.data && strstr(process->log.data, text)))
        late = pthread_cond_timedwait(&process->changed, &process->lock, &limit);
    bool found = process->log.data && strstr(process->log.data, text);
    pthread_mutex_unlock(&process->lock);
    if (!found)
        fail_msg("the program did not say \"%s\": %s", text,
                 process->log.data ? process->log.data : "");
}

uint16_t process_port(struct process *process)
{
    process_await(process, "listens on port ");
    OWN(free) char *log = process_log(process);
    unsigned port = 0;
    sscanf(strstr(log, "listens on port "), "listens on port %u", &port);
    return (uint16_t)port;
}

char *process_log(struct process *process)
{
    pthread_mutex_lock(&process->lock);
    char *copy = str_copy_bytes(buf_bytes(&process->log));
    pthread_mutex_unlock(&process->lock);
    return copy;
}

int process_wait(struct process *process, char **log)
{
    int status = 0;
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
    }
    pthread_join(process->reader, NULL);
    close(process->output);
    if (log)
        *log = process_log(process);
    buf_done(&process->log);
    pthread_cond_destroy(&process->changed);
    pthread_mutex_destroy(&process->lock);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_stop(struct process *process, int signal)
{
    kill(process->pid, signal);
    return process_wait(process, NULL);
}

bool process_read_stat(pid_t pid, struct process_stat *stat)
{
    OWN(free) char *path = str_format("/proc/%d/stat", (int)pid);
    OWN(buf) struct buf text = {0};
    struct err err = {0};
    if (!file_read(path, &text, &err))
        return false;
    /* PID (NAME) STATE PARENT …; the 20th field counts the threads, and NAME may hold anything */
    const char *position = strrchr(text.data, ')');
    assert_true(sscanf(position, ") %c %d", &stat->state, &stat->parent) == 2);
    for (int field = 2; field < 20; field++)
        position = strchr(position + 1, ' ');
    stat->threads = atoi(position);
    return true;
}
