/* SPDX-License-Identifier: Apache-2.0 */
/* A pod's program: started, its output collected, restarted after a crash as Kubernetes does. */
#include "kn-local/serving/pod_private.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/serving/image.h"
#include "kn-local/serving/listening_port.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum {
    FIRST_BACKOFF_SEC = 1,
    LAST_BACKOFF_SEC = 60,
    STABLE_RUN_SEC = 60, /* after such a run the next crash counts as the first */
};

/* Reads what is available; false at the end of the output. */
static bool read_output(struct pod *pod)
{
    char chunk[16384];
    for (;;) {
        ssize_t len = read(pod->output.fd, chunk, sizeof(chunk));
        if (len > 0)
            pod_log_write(pod->log, (struct bytes){chunk, (size_t)len}, timestamp_now_ns());
        else if (len == 0 || (errno != EAGAIN && errno != EINTR))
            return false;
        else if (errno == EAGAIN)
            return true;
        if (len < (ssize_t)sizeof(chunk))
            return len != 0;
    }
}

static void close_output(struct pod *pod)
{
    if (!pod->output_open)
        return;
    event_loop_unwatch_fd(pod->manager->loop, &pod->output);
    close(pod->output.fd);
    pod->output_open = false;
}

static void on_output(struct fd_watch *watch)
{
    struct pod *pod = (struct pod *)((char *)watch - offsetof(struct pod, output));
    if (!read_output(pod))
        close_output(pod);
}

/* The wait before a start after so many failures in a row. */
static int64_t backoff_sec(unsigned failures)
{
    int64_t wait = FIRST_BACKOFF_SEC;
    for (unsigned i = 2; i < failures && wait < LAST_BACKOFF_SEC; i++)
        wait *= 2;
    return failures < 2 ? 0 : wait < LAST_BACKOFF_SEC ? wait : LAST_BACKOFF_SEC;
}

static void start_after(struct pod *pod, int64_t wait_sec)
{
    event_loop_set_timer(pod->manager->loop, &pod->timer,
                         timestamp_monotonic_ns() + wait_sec * NS_PER_SEC, pod_process_start);
}

/* The first start after a crash is immediate, later ones wait. */
static void restart(struct pod *pod, int exit_code)
{
    char message[256];
    int64_t wait = backoff_sec(++pod->failures);
    if (exit_code < 0)
        snprintf(message, sizeof(message), "killed by signal %d; restarts in %d s", -exit_code,
                 (int)wait);
    else
        snprintf(message, sizeof(message), "exited with %d; restarts in %d s", exit_code,
                 (int)wait);
    pod_set_waiting(pod, POD_PENDING, wait ? "CrashLoopBackOff" : pod_reason_restarting, message);
    pod_publish_event(pod, true, "BackOff", message);
    pthread_mutex_lock(&pod->lock);
    pod->state.restarts++;
    pthread_mutex_unlock(&pod->lock);
    start_after(pod, wait);
}

static void record_exit(struct pod *pod, int exit_code)
{
    pthread_mutex_lock(&pod->lock);
    pod->state.exit_code = exit_code;
    pod->state.finished_ns = timestamp_now_ns();
    pod->state.pid = 0;
    if (pod->state.finished_ns - pod->state.started_ns > STABLE_RUN_SEC * (int64_t)NS_PER_SEC)
        pod->failures = 0;
    pthread_mutex_unlock(&pod->lock);
}

static void on_exit_of_program(struct fd_watch *watch)
{
    struct pod *pod = (struct pod *)((char *)watch - offsetof(struct pod, exit));
    event_loop_unwatch_fd(pod->manager->loop, watch);
    /* Its group first: until the program is waited for, no other process can have its number. */
    child_process_signal(&pod->process, SIGKILL);
    int exit_code = child_process_wait(&pod->process);
    pod->process.pid = 0;
    event_loop_cancel_timer(pod->manager->loop, &pod->timer);
    if (pod->output_open)
        read_output(pod);
    close_output(pod);
    pod_log_end(pod->log, timestamp_now_ns());
    record_exit(pod, exit_code);
    if (pod_is_stopping(pod))
        pod_set_ended(pod, exit_code);
    else
        restart(pod, exit_code);
    pod_manager_exited(pod->manager);
    pod_publish_change(pod);
    pod_release(pod); /* held by the running program */
}

static bool spawn(struct pod *pod, uint16_t port, struct err *err)
{
    OWN(image_command) char **env = pod_spec_prepare(pod->spec, pod->dir, port, err);
    if (!env)
        return false;
    int output[2];
    if (pipe2(output, O_CLOEXEC) < 0)
        return err_set_errno(err, ERR_UNAVAILABLE, "cannot start %s", pod->spec->argv[0]);
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    const struct child_process_options options = {.argv = pod->spec->argv,
                                                  .env = env,
                                                  .dir = pod->spec->dir,
                                                  .out = output[1],
                                                  .error = output[1],
                                                  .death_signal = SIGKILL};
    bool started = child_process_start(&options, &pod->process, err);
    close(output[1]);
    if (!started)
        close(output[0]);
    else
        pod->output.fd = output[0];
    return started;
}

static void fail_start(struct pod *pod, const char *reason, const char *message)
{
    pod_set_waiting(pod, POD_PENDING, reason, message);
    pod_publish_event(pod, true, "Failed", message);
    start_after(pod, backoff_sec(++pod->failures + 1));
    pod_publish_change(pod);
}

void pod_process_start(struct timer *timer)
{
    struct pod *pod = (struct pod *)timer;
    if (pod_is_stopping(pod))
        return;
    if (!pod->spec->argv) {
        fail_start(pod, "ErrImagePull", pod->spec->problem.text);
        return;
    }
    pod_log_begin(pod->log);
    struct err err = {0};
    uint16_t port = pod->options.serves ? listening_port_free() : 0;
    if (!spawn(pod, port, &err)) {
        fail_start(pod, "CreateContainerError", err.text);
        return;
    }
    pthread_mutex_lock(&pod->lock);
    pod->state.pid = pod->process.pid;
    pod->state.port = port;
    pod->state.phase = POD_RUNNING;
    pod->state.ready = !pod->options.serves;
    pod->state.started_ns = timestamp_now_ns();
    *pod->reason = '\0';
    pthread_mutex_unlock(&pod->lock);
    pod_manager_started(pod->manager);
    pod_hold(pod); /* by the running program */
    pod->output_open = true;
    event_loop_watch_fd(pod->manager->loop, &pod->output, pod->output.fd, on_output);
    event_loop_watch_fd(pod->manager->loop, &pod->exit, pod->process.pidfd, on_exit_of_program);
    if (pod->options.serves)
        pod_probe_start(pod);
    pod_publish_event(pod, false, "Started", pod->name);
    pod_publish_change(pod);
}
