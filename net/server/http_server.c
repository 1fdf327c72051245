/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server: opening, connections, closing. */
#include "net/server/http_server_private.h"

#include "base/str.h"
#include "base/thread.h"
#include "base/timestamp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <utlist.h>

enum {
    /* Holds the head of a request; a larger one gets 431. libmicrohttpd clears one and a half times
     * this for each request, so a larger buffer makes every request slower. */
    CONNECTION_BYTES = 16 * 1024,
    MAX_CONNECTIONS = 20000,
    OTHER_FILES = 64,
    QUIET_MS = 100, /* without a request, before connections are closed */
};

static bool listen_on(struct http_server *server, struct err *err)
{
    const char *host = server->options.host;
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *address = NULL;
    char port[8];
    snprintf(port, sizeof(port), "%u", server->options.port);
    int failure = getaddrinfo(host, port, &hints, &address);
    if (failure)
        return err_set(err, ERR_INPUT, "cannot listen on %s: %s", host, gai_strerror(failure));

    int one = 1;
    server->listener = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = server->listener >= 0 &&
              setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
              bind(server->listener, address->ai_addr, address->ai_addrlen) == 0 &&
              listen(server->listener, SOMAXCONN) == 0;
    int failure_code = errno;
    freeaddrinfo(address);
    if (!ok && failure_code == EADDRINUSE)
        return err_set(err, ERR_INPUT, "port %s on %s is in use", port, host);
    if (!ok)
        return err_set(err, ERR_INPUT, "cannot listen on port %s of %s: %s", port, host,
                       strerror(failure_code));

    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    getsockname(server->listener, (struct sockaddr *)&bound, &size);
    server->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                     : ((struct sockaddr_in *)&bound)->sin_port);
    return true;
}

/* Raises the limit of open files, and returns how many connections it allows. */
static unsigned allow_connections(unsigned max)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    rlim_t want = (rlim_t)(max ? max : MAX_CONNECTIONS) + OTHER_FILES;
    if (files.rlim_cur < want) {
        files.rlim_cur = want < files.rlim_max ? want : files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        getrlimit(RLIMIT_NOFILE, &files);
    }
    rlim_t room = files.rlim_cur > 2 * OTHER_FILES ? files.rlim_cur - OTHER_FILES : OTHER_FILES;
    return (unsigned)(room < want - OTHER_FILES ? room : want - OTHER_FILES);
}

static unsigned default_threads(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 4 ? 4 : (unsigned)cores;
}

static void no_log(void *context, const char *fmt, va_list args)
{
    (void)context, (void)fmt, (void)args;
}

void http_server_count(struct http_server *server, atomic_uint *counter, int change)
{
    atomic_fetch_add(counter, (unsigned)change);
    if (!atomic_load(&server->closing))
        return;
    pthread_mutex_lock(&server->lock);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)socket_context;
    struct server_thread *thread = context;
    struct http_server *server = thread->server;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        server_thread_watch(thread, http_request_socket(connection));
        http_server_count(server, &server->connections, 1);
        atomic_fetch_add(&thread->accepted, 1);
    } else {
        http_server_count(server, &server->connections, -1);
    }
}

static struct MHD_Daemon *start_daemon(struct server_thread *thread, unsigned connections)
{
    struct http_server *server = thread->server;
    const struct http_server_options *options = &server->options;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->cert_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->key_pem},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem *more = options->cert_pem ? tls : tls + 2;
    return MHD_start_daemon(
        flags | (options->cert_pem ? MHD_USE_TLS : 0), 0, NULL, NULL, http_request_on_access,
        server, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL, MHD_OPTION_LISTEN_SOCKET,
        server->listener, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        options->idle_sec, MHD_OPTION_URI_LOG_CALLBACK, http_request_on_uri, thread,
        MHD_OPTION_NOTIFY_COMPLETED, http_request_on_completed, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, thread, MHD_OPTION_ARRAY, more,
        MHD_OPTION_END);
}

/* Starts the threads, each with its share of the connections. */
static bool start_threads(struct http_server *server, struct err *err)
{
    unsigned connections = allow_connections(server->options.max_connections);
    unsigned count = server->options.threads < connections ? server->options.threads : connections;
    server->threads = alloc_zeroed(count * sizeof(*server->threads));
    for (unsigned i = 0; i < count; i++) {
        struct server_thread *thread = &server->threads[server->thread_count++];
        thread->server = server;
        thread->listener = server->listener;
        pthread_mutex_init(&thread->lock, NULL);
        thread_cond_init(&thread->changed);
        thread->events = thread->wakeup = -1;
        errno = 0;
        thread->daemon = start_daemon(thread, connections / count + (i < connections % count));
        if (!thread->daemon)
            return err_set(err, ERR_INTERNAL, "%s",
                           server->options.cert_pem && errno != EMFILE && errno != ENFILE
                               ? "the certificate or key is not usable"
                               : strerror(errno));
        if (!server_thread_start(thread, err))
            return false;
    }
    return true;
}

/* Ends the threads; the listening socket, which they share, stays open. */
static void stop_threads(struct http_server *server)
{
    for (unsigned i = 0; i < server->thread_count; i++)
        server_thread_stop(&server->threads[i]);
    free(server->threads);
}

void http_server_unref(struct http_server *server)
{
    if (atomic_fetch_sub(&server->refs, 1) > 1)
        return;
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

/* Releases what is not needed once no request can come. */
static void release(struct http_server *server)
{
    worker_pool_close(server->workers);
    if (server->listener >= 0)
        close(server->listener);
    http_server_unref(server);
}

struct http_server *http_server_open(const struct http_server_options *options, struct err *err)
{
    struct http_server *server = alloc_zeroed(sizeof(*server));
    server->options = *options;
    struct http_server_options *own = &server->options;
    own->host = own->host ? own->host : "127.0.0.1";
    own->threads = own->threads ? own->threads : default_threads();
    own->max_body = own->max_body ? own->max_body : 32 << 20;
    own->idle_sec = own->idle_sec ? own->idle_sec : 75;
    own->drain_sec = own->drain_sec ? own->drain_sec : 30;
    server->listener = -1;
    pthread_mutex_init(&server->lock, NULL);
    thread_cond_init(&server->changed);
    atomic_store(&server->refs, 1);
    server->workers = worker_pool_open(own->workers ? own->workers : 100);

    if (!listen_on(server, err)) {
        release(server);
        return NULL;
    }
    if (own->listening)
        own->listening(server->port, own->app);
    if (!start_threads(server, err)) {
        err_wrap(err, "cannot start the HTTP server on port %u", server->port);
        stop_threads(server);
        release(server);
        return NULL;
    }
    return server;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

uint64_t http_server_accepted(const struct http_server *server)
{
    uint64_t accepted = 0;
    for (unsigned i = 0; i < server->thread_count; i++)
        accepted += atomic_load(&server->threads[i].accepted);
    return accepted;
}

/* Stops listening; connections that the kernel has accepted for us are still served. A packet
 * filter that drops everything keeps new ones away: their clients try again within a second and are
 * then refused, since the socket is closed. */
static void stop_listening(struct http_server *server)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {.len = 1, .filter = &drop};
    setsockopt(server->listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
    for (unsigned i = 0; i < server->thread_count; i++)
        server_thread_stop_accepting(&server->threads[i]);
    close(server->listener);
    server->listener = -1;
}

/* Waits until there are no connections, or no request was in progress for QUIET_MS, or until
 * deadline_ns. Answers close their connections by now, so each one has at most one more request in
 * flight. */
static void wait_for_quiet(struct http_server *server, int64_t deadline_ns)
{
    bool changed = true;
    pthread_mutex_lock(&server->lock);
    while (changed && atomic_load(&server->connections)) {
        int64_t quiet_ns = timestamp_monotonic_ns() + QUIET_MS * (int64_t)NS_PER_MS;
        bool busy = atomic_load(&server->requests) || deadline_ns < quiet_ns;
        changed =
            thread_cond_wait_until(&server->changed, &server->lock, busy ? deadline_ns : quiet_ns);
    }
    pthread_mutex_unlock(&server->lock);
}

/* Ends streams, and answers the exchanges that are still held. */
static void end_held(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    struct http_request *request, *next;
    DL_FOREACH_SAFE(server->held, request, next)
    {
        DL_DELETE(server->held, request);
        request->prev = request->next = NULL;
        http_exchange_respond(
            request, MHD_HTTP_SERVICE_UNAVAILABLE,
            MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT));
    }
    http_stream_close_all(server);
    pthread_mutex_unlock(&server->lock);
}

void http_server_close(struct http_server *server)
{
    if (!server)
        return;
    atomic_store(&server->closing, true);
    stop_listening(server);

    pthread_mutex_lock(&server->lock);
    http_stream_close_all(server);
    pthread_mutex_unlock(&server->lock);
    wait_for_quiet(server,
                   timestamp_monotonic_ns() + (int64_t)server->options.drain_sec * NS_PER_SEC);
    end_held(server);
    wait_for_quiet(server, timestamp_monotonic_ns() + NS_PER_SEC);

    stop_threads(server);
    release(server);
}
