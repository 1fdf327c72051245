/* Where Google Cloud is for the processes of kn-local. */
#include "kn-local/google.h"

#include "base/file.h"
#include "base/jread.h"
#include "base/log.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "net/url.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { VARIABLES = 4, START_SECONDS = 20, LOOK_MS = 5, RESTART_SECONDS = 1 };

struct google {
    char *program, *data_dir, *log; /* of gcp-local */
    char *url, *host;
    uint16_t port, tls_port;
    struct runtime_variable variables[VARIABLES];

    pthread_t thread; /* looks after gcp-local, and is its parent */
    bool looked_after;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    pid_t pid; /* 0 while it does not run */
    bool stopping, failed;
};

/* ---- the process ----------------------------------------------------------------------------- */

/* In the child: only calls that are safe behind fork. It ends with its parent. */
static void become(char *const *argv, int log)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(argv[0], argv);
    _exit(127);
}

static pid_t start(const struct google *google)
{
    OWN(free) char *port = str_format("%u", google->port);
    OWN(free) char *tls_port = str_format("%u", google->tls_port);
    char *argv[] = {google->program,
                    (char[]){"--data-dir"},
                    google->data_dir,
                    (char[]){"--port"},
                    port,
                    (char[]){"--tls-port"},
                    tls_port,
                    NULL};
    OWN(fd) int log = open(google->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_t pid = log < 0 ? -1 : fork();
    if (pid == 0)
        become(argv, log);
    return pid;
}

/* Waits a moment, or until it is to stop. Called with the lock held. */
static void pause_before_restart(struct google *google)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += RESTART_SECONDS;
    while (!google->stopping &&
           pthread_cond_timedwait(&google->changed, &google->lock, &until) != ETIMEDOUT)
        ;
}

static void *look_after(void *context)
{
    struct google *google = context;
    pthread_mutex_lock(&google->lock);
    while (!google->stopping) {
        google->pid = start(google);
        google->failed = google->pid < 0;
        pthread_mutex_unlock(&google->lock);
        int status = 0;
        if (google->pid > 0)
            waitpid(google->pid, &status, 0);
        pthread_mutex_lock(&google->lock);
        google->pid = 0;
        google->failed = true;
        if (google->stopping)
            break;
        log_warning("gcp-local ended (%s %d); see %s", WIFSIGNALED(status) ? "signal" : "exit code",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), google->log);
        pause_before_restart(google);
    }
    pthread_mutex_unlock(&google->lock);
    return NULL;
}

/* ---- waiting for it -------------------------------------------------------------------------- */

/* Reads the ports that gcp-local wrote, if it was this process. */
static bool read_ports(struct google *google, pid_t pid)
{
    OWN(free) char *path = str_format("%s/ports.json", google->data_dir);
    OWN(buf) struct buf text = {.max = 4096};
    struct err err = {0};
    if (!file_read(path, &text, &err))
        return false;
    json_auto_t *tree = json_from_bytes(buf_bytes(&text), path, ERR_INTERNAL, &err);
    if (!tree)
        return false;
    struct jread at = jread_open(tree, path, ERR_INTERNAL, &err);
    bool same = jread_int64(&at, "pid", 1, INT32_MAX) == pid;
    int64_t port = jread_int64(&at, "port", 1, UINT16_MAX);
    int64_t tls_port = jread_int64(&at, "tlsPort", 1, UINT16_MAX);
    if (!jread_ok(&at) || !same)
        return false;
    pthread_mutex_lock(&google->lock);
    google->port = (uint16_t)port; /* a restart listens there again */
    google->tls_port = (uint16_t)tls_port;
    pthread_mutex_unlock(&google->lock);
    return true;
}

/* The last line of gcp-local's log, which says why it ended. */
static bool fail_with_log(const struct google *google, struct err *err)
{
    OWN(buf) struct buf text = {.max = 1 << 20};
    struct err unread = {0};
    if (!file_read(google->log, &text, &unread) || text.len < 2)
        return err_set(err, ERR_UNAVAILABLE, "cannot start %s", google->program);
    text.data[text.len - 1] = '\0';
    const char *line = strrchr(text.data, '\n');
    return err_set(err, ERR_UNAVAILABLE, "gcp-local did not start: %s",
                   line ? line + 1 : text.data);
}

static bool wait_until_ready(struct google *google, struct err *err)
{
    int64_t until_ns = time_monotonic_ns() + START_SECONDS * (int64_t)NS_PER_SEC;
    while (time_monotonic_ns() < until_ns) {
        pthread_mutex_lock(&google->lock);
        pid_t pid = google->pid;
        bool failed = google->failed;
        pthread_mutex_unlock(&google->lock);
        if (failed)
            return fail_with_log(google, err);
        if (pid > 0 && read_ports(google, pid))
            return true;
        struct timespec moment = {0, LOOK_MS * NS_PER_MS};
        nanosleep(&moment, NULL);
    }
    return err_set(err, ERR_UNAVAILABLE, "gcp-local did not start within %d seconds; see %s",
                   START_SECONDS, google->log);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void set_variables(struct google *google)
{
    google->variables[0] = (struct runtime_variable){"PUBSUB_EMULATOR_HOST", google->host};
    google->variables[1] = (struct runtime_variable){"STORAGE_EMULATOR_HOST", google->url};
    google->variables[2] = (struct runtime_variable){"VISION_EMULATOR_HOST", google->url};
    google->variables[3] = (struct runtime_variable){"TRANSLATE_EMULATOR_HOST", google->url};
}

static bool open_local(struct google *google, const struct google_options *options, struct err *err)
{
    google->program = str_format("%s/gcp-local", options->program_dir);
    google->data_dir = str_format("%s/gcp", options->data_dir);
    google->log = str_format("%s/gcp-local.log", options->data_dir);
    google->port = options->port;
    google->tls_port = options->tls_port;
    google->looked_after = pthread_create(&google->thread, NULL, look_after, google) == 0;
    if (!google->looked_after)
        return err_set(err, ERR_UNAVAILABLE, "cannot start a thread");
    if (!wait_until_ready(google, err))
        return false;
    google->host = str_format("127.0.0.1:%u", google->port);
    google->url = str_format("http://%s", google->host);
    return true;
}

static bool open_emulator(struct google *google, const char *where, struct err *err)
{
    OWN(url) struct url url = {0};
    if (!url_parse(where, &url))
        return err_set(err, ERR_INPUT, "--gcp %s: want local, google, or an http(s) URL", where);
    google->host = str_format("%s:%u", url.host, url.port);
    google->url = str_format("%s://%s", url.tls ? "https" : "http", google->host);
    return true;
}

struct google *google_open(const struct google_options *options, struct err *err)
{
    OWN(google) struct google *google = must_alloc(sizeof(*google));
    pthread_mutex_init(&google->lock, NULL);
    pthread_cond_init(&google->changed, NULL);
    bool open = true;
    if (str_equal(options->where, "local"))
        open = open_local(google, options, err);
    else if (!str_equal(options->where, "google"))
        open = open_emulator(google, options->where, err);
    if (!open)
        return NULL;
    set_variables(google);
    return give(&google);
}

const struct runtime_variable *google_variables(const struct google *google, size_t *count)
{
    *count = google->url ? VARIABLES : 0;
    return google->variables;
}

const char *google_url(const struct google *google)
{
    return google->url;
}

void google_close(struct google *google)
{
    if (!google)
        return;
    pthread_mutex_lock(&google->lock);
    google->stopping = true;
    if (google->pid > 0)
        kill(google->pid, SIGTERM);
    pthread_cond_broadcast(&google->changed);
    pthread_mutex_unlock(&google->lock);
    if (google->looked_after)
        pthread_join(google->thread, NULL);
    pthread_cond_destroy(&google->changed);
    pthread_mutex_destroy(&google->lock);
    free(google->program);
    free(google->data_dir);
    free(google->log);
    free(google->url);
    free(google->host);
    free(google);
}
