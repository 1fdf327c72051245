/* SPDX-License-Identifier: Apache-2.0 */
/* Where Google Cloud is for the processes of kn-local. */
#include "kn-local/cli/gcp_emulator.h"

#include "base/child_process.h"
#include "base/dir_lock.h"
#include "base/file.h"
#include "base/json/jread.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/timestamp.h"
#include "net/url.h"

#include <fcntl.h>
#include <string.h>

enum {
    VARIABLES = 4,
    START_SECONDS = 20,
    PREDECESSOR_SECONDS = 5,
    POLL_INTERVAL_MS = 5,
    RESTART_SECONDS = 1
};

struct gcp_emulator {
    char *program, *data_dir, *log; /* of gcp-local */
    char *model;                    /* NULL = gcp-local's default */
    char *url, *host;
    struct serving_variable variables[VARIABLES];

    pthread_t thread; /* starts gcp-local, again when it ends, and is its parent */
    bool has_thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    uint16_t port, tls_port;
    struct child_process child; /* pid is 0 while it is not running */
    bool stopping, failed, ready;
};

/* The gcp-local of a kn-local that was killed gets SIGTERM, and may take a moment to end. */
static void await_predecessor(const struct gcp_emulator *gcp)
{
    struct err err = {0}; /* gcp-local reports what is wrong with its folder */
    if (file_make_dirs(gcp->data_dir, &err)) {
        int lock =
            dir_lock_take(gcp->data_dir, "gcp-local", PREDECESSOR_SECONDS * NS_PER_SEC, &err);
        own_fd(&lock);
    }
}

static bool start(const struct gcp_emulator *gcp, const char *port, const char *tls_port,
                  struct child_process *child, struct err *err)
{
    const char *argv[] = {gcp->program, "--data-dir", gcp->data_dir, "--port",
                          port,         "--tls-port", tls_port,      gcp->model ? "--model" : NULL,
                          gcp->model,   NULL};
    OWN(fd) int log = open(gcp->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
        return err_set_errno(err, ERR_UNAVAILABLE, "%s", gcp->log);
    struct child_process_options options = {
        .argv = (char *const *)argv, .out = log, .error = log, .death_signal = SIGTERM};
    return child_process_start(&options, child, err);
}

static void *supervise(void *context)
{
    struct gcp_emulator *gcp = context;
    pthread_mutex_lock(&gcp->lock);
    while (!gcp->stopping) {
        OWN(free) char *port = str_format("%u", gcp->port);
        OWN(free) char *tls_port = str_format("%u", gcp->tls_port);
        struct child_process child = {0};
        struct err err = {0};
        pthread_mutex_unlock(&gcp->lock);
        bool started = start(gcp, port, tls_port, &child, &err);
        pthread_mutex_lock(&gcp->lock);
        gcp->child = child;
        if (started && gcp->stopping)
            child_process_signal(&child, SIGTERM);
        pthread_cond_broadcast(&gcp->changed);
        pthread_mutex_unlock(&gcp->lock);
        int code = started ? child_process_wait(&child) : 127;
        pthread_mutex_lock(&gcp->lock);
        gcp->child = (struct child_process){0};
        gcp->failed = true;
        pthread_cond_broadcast(&gcp->changed);
        if (gcp->stopping)
            break;
        if (gcp->ready)
            log_warning("gcp-local ended (%s %d); see %s", code < 0 ? "signal" : "exit code",
                        code < 0 ? -code : code, gcp->log);
        int64_t until_ns = timestamp_monotonic_ns() + RESTART_SECONDS * (int64_t)NS_PER_SEC;
        while (!gcp->stopping && thread_cond_wait_until(&gcp->changed, &gcp->lock, until_ns))
            ;
    }
    pthread_mutex_unlock(&gcp->lock);
    return NULL;
}

/* Reads the ports that gcp-local wrote, if this process wrote them. */
static bool read_ports(struct gcp_emulator *gcp, pid_t pid)
{
    OWN(free) char *path = str_format("%s/ports.json", gcp->data_dir);
    OWN(buf) struct buf text = {.max = 4096};
    struct err err = {0};
    if (!file_read(path, &text, &err))
        return false;
    json_auto_t *tree = json_from_bytes(buf_bytes(&text), path, ERR_INTERNAL, &err);
    if (!tree)
        return false;
    struct jread reader = jread_open(tree, path, ERR_INTERNAL, &err);
    bool same = jread_int64(&reader, "pid", 1, INT32_MAX) == pid;
    int64_t port = jread_int64(&reader, "port", 1, UINT16_MAX);
    int64_t tls_port = jread_int64(&reader, "tlsPort", 1, UINT16_MAX);
    if (!jread_ok(&reader) || !same)
        return false;
    pthread_mutex_lock(&gcp->lock);
    gcp->port = (uint16_t)port; /* also after a restart */
    gcp->tls_port = (uint16_t)tls_port;
    gcp->ready = true;
    pthread_mutex_unlock(&gcp->lock);
    return true;
}

/* Fails with the last line of gcp-local's log, which says why it ended. */
static bool fail_with_log(const struct gcp_emulator *gcp, struct err *err)
{
    OWN(buf) struct buf text = {.max = 1 << 20};
    struct err unread = {0};
    if (!file_read(gcp->log, &text, &unread) || text.len < 2)
        return err_set(err, ERR_UNAVAILABLE, "cannot start %s", gcp->program);
    text.data[text.len - 1] = '\0';
    const char *line = strrchr(text.data, '\n');
    return err_set(err, ERR_UNAVAILABLE, "gcp-local did not start: %s",
                   line ? line + 1 : text.data);
}

static bool wait_until_ready(struct gcp_emulator *gcp, struct err *err)
{
    int64_t until_ns = timestamp_monotonic_ns() + START_SECONDS * (int64_t)NS_PER_SEC;
    int64_t now_ns;
    while ((now_ns = timestamp_monotonic_ns()) < until_ns) {
        pthread_mutex_lock(&gcp->lock);
        if (!gcp->failed)
            thread_cond_wait_until(&gcp->changed, &gcp->lock,
                                   now_ns + POLL_INTERVAL_MS * (int64_t)NS_PER_MS);
        pid_t pid = gcp->child.pid;
        bool failed = gcp->failed;
        pthread_mutex_unlock(&gcp->lock);
        if (failed)
            return fail_with_log(gcp, err);
        if (pid > 0 && read_ports(gcp, pid))
            return true;
    }
    return err_set(err, ERR_UNAVAILABLE, "gcp-local did not start within %d seconds; see %s",
                   START_SECONDS, gcp->log);
}

static void set_variables(struct gcp_emulator *gcp)
{
    gcp->variables[0] = (struct serving_variable){"PUBSUB_EMULATOR_HOST", gcp->host};
    gcp->variables[1] = (struct serving_variable){"STORAGE_EMULATOR_HOST", gcp->url};
    gcp->variables[2] = (struct serving_variable){"VISION_EMULATOR_HOST", gcp->url};
    gcp->variables[3] = (struct serving_variable){"TRANSLATE_EMULATOR_HOST", gcp->url};
}

static bool open_local(struct gcp_emulator *gcp, const struct gcp_emulator_options *options,
                       struct err *err)
{
    gcp->program = str_format("%s/gcp-local", options->program_dir);
    gcp->data_dir = str_format("%s/gcp", options->data_dir);
    gcp->log = str_format("%s/gcp-local.log", options->data_dir);
    gcp->port = options->port;
    gcp->tls_port = options->tls_port;
    gcp->model = str_copy(options->model);
    await_predecessor(gcp);
    gcp->has_thread = thread_start(&gcp->thread, "gcp-local", supervise, gcp, err);
    if (!gcp->has_thread || !wait_until_ready(gcp, err))
        return false;
    gcp->host = str_format("127.0.0.1:%u", gcp->port);
    gcp->url = str_format("http://%s", gcp->host);
    return true;
}

static bool open_emulator(struct gcp_emulator *gcp, const char *where, struct err *err)
{
    OWN(url) struct url url = {0};
    if (!url_parse(where, &url))
        return err_set(err, ERR_INPUT, "--gcp %s: must be local, google, or an http(s) URL", where);
    gcp->host = str_format("%s:%u", url.host, url.port);
    gcp->url = str_format("%s://%s", url.tls ? "https" : "http", gcp->host);
    return true;
}

struct gcp_emulator *gcp_emulator_open(const struct gcp_emulator_options *options, struct err *err)
{
    OWN(gcp_emulator) struct gcp_emulator *gcp = alloc_zeroed(sizeof(*gcp));
    pthread_mutex_init(&gcp->lock, NULL);
    thread_cond_init(&gcp->changed);
    bool open = true;
    if (str_equal(options->where, "local"))
        open = open_local(gcp, options, err);
    else if (!str_equal(options->where, "google"))
        open = open_emulator(gcp, options->where, err);
    if (!open)
        return NULL;
    set_variables(gcp);
    return move_ptr(&gcp);
}

const struct serving_variable *gcp_emulator_variables(const struct gcp_emulator *gcp, size_t *count)
{
    *count = gcp->url ? VARIABLES : 0;
    return gcp->variables;
}

const char *gcp_emulator_url(const struct gcp_emulator *gcp)
{
    return gcp->url;
}

void gcp_emulator_close(struct gcp_emulator *gcp)
{
    if (!gcp)
        return;
    pthread_mutex_lock(&gcp->lock);
    gcp->stopping = true;
    if (gcp->child.pid > 0)
        child_process_signal(&gcp->child, SIGTERM);
    pthread_cond_broadcast(&gcp->changed);
    pthread_mutex_unlock(&gcp->lock);
    if (gcp->has_thread)
        pthread_join(gcp->thread, NULL);
    pthread_cond_destroy(&gcp->changed);
    pthread_mutex_destroy(&gcp->lock);
    free(gcp->program);
    free(gcp->data_dir);
    free(gcp->log);
    free(gcp->model);
    free(gcp->url);
    free(gcp->host);
    free(gcp);
}
