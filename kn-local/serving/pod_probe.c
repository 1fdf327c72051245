/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness of a pod: its own program listens on $PORT, and answers its HTTP probe if it has one.
 */
#include "kn-local/serving/pod_private.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/serving/listening_port.h"

enum {
    FIRST_PROBE_MS = 1,
    LAST_PROBE_MS = 100,
    PROBE_TIMEOUT_MS = 1000,
    LISTEN_LIMIT_SEC = 10, /* a program that does not listen by then is reported */
};

static void probe(struct timer *timer);

static void probe_later(struct pod *pod)
{
    int64_t wait_ns = pod->probe_wait_ms * NS_PER_MS;
    if (pod->probe_wait_ms < LAST_PROBE_MS)
        pod->probe_wait_ms = pod->probe_wait_ms * 5 / 4 + 1;
    event_loop_set_timer(pod->manager->loop, &pod->timer, timestamp_monotonic_ns() + wait_ns,
                         probe);
}

static void set_ready(struct pod *pod)
{
    pthread_mutex_lock(&pod->lock);
    bool changed = !pod->state.ready && pod->state.pid && !pod->stopping;
    pod->state.ready |= changed;
    if (changed)
        *pod->reason = '\0';
    pthread_mutex_unlock(&pod->lock);
    if (changed)
        pod_publish_change(pod);
}

/* Says once why the pod does not get ready: callers wait for it meanwhile. */
static void report_not_listening(struct pod *pod)
{
    if (pod->probe_reported ||
        timestamp_monotonic_ns() - pod->probe_started_ns < LISTEN_LIMIT_SEC * (int64_t)NS_PER_SEC)
        return;
    pod->probe_reported = true;
    char message[256];
    uint16_t other = listening_port_of(pod->process.pid);
    if (other)
        snprintf(message, sizeof(message),
                 "the program does not listen on $PORT (%u) after %d s; it listens on %u: let it "
                 "read PORT from its environment",
                 pod->state.port, LISTEN_LIMIT_SEC, other);
    else
        snprintf(message, sizeof(message),
                 "the program does not listen on $PORT (%u) after %d s: let it read PORT from its "
                 "environment",
                 pod->state.port, LISTEN_LIMIT_SEC);
    pod_set_waiting(pod, POD_RUNNING, "NotListening", message);
    pod_publish_event(pod, true, "Unhealthy", message);
    pod_publish_change(pod);
}

static void probe_again(struct timer *timer)
{
    struct pod *pod = (struct pod *)((char *)timer - offsetof(struct pod, probe_retry));
    if (pod->process.pid && !pod_is_stopping(pod))
        probe_later(pod);
    pod_release(pod);
}

static void on_probe_response(struct http_response *response, const struct err *err, void *context)
{
    (void)err;
    struct pod *pod = context;
    if (response && response->status >= 200 && response->status < 400) {
        set_ready(pod);
        pod_release(pod);
    } else {
        event_loop_set_timer(pod->manager->loop, &pod->probe_retry, 0, probe_again);
    }
}

static void probe_by_http(struct pod *pod)
{
    static const struct headers none = {0};
    str_replace(&pod->probe_url, str_format("http://127.0.0.1:%u%s%s", pod->state.port,
                                            *pod->probe_path == '/' ? "" : "/", pod->probe_path));
    pod->probe =
        (struct http_call){.url = pod->probe_url, .headers = &none, .timeout_ms = PROBE_TIMEOUT_MS};
    http_client_start(pod->manager->client, &pod->probe, on_probe_response, pod_hold(pod));
}

/* The port may be open because another process took it meanwhile: only our own counts. */
static void probe(struct timer *timer)
{
    struct pod *pod = (struct pod *)timer;
    if (!pod->process.pid || pod_is_stopping(pod))
        return;
    if (!listening_port_is_open(pod->state.port) ||
        !listening_port_belongs_to(pod->state.port, pod->process.pid)) {
        report_not_listening(pod);
        probe_later(pod);
    } else if (pod->probe_path) {
        probe_by_http(pod);
    } else {
        set_ready(pod);
    }
}

void pod_probe_start(struct pod *pod)
{
    pod->probe_started_ns = timestamp_monotonic_ns();
    pod->probe_wait_ms = FIRST_PROBE_MS;
    pod->probe_reported = false;
    probe_later(pod);
}
