/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP server for tests whose handler gets the socket. */
#include "tests/helpers/raw_server.h"

#include "base/str.h"
#include "tests/helpers/sockets.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

struct connection {
    struct connection *next;
    struct raw_server *server;
    pthread_t thread;
    int fd;
};

struct raw_server {
    raw_server_handler *serve;
    void *context;
    int listener;
    uint16_t port;
    pthread_t acceptor;
    struct connection *connections; /* of the acceptor until it has ended */
};

static void *serve_connection(void *context)
{
    struct connection *connection = context;
    connection->server->serve(connection->fd, connection->server->context);
    shutdown(connection->fd, SHUT_WR);
    return NULL;
}

static void *accept_all(void *context)
{
    struct raw_server *server = context;
    for (int fd; (fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        struct connection *connection = alloc_zeroed(sizeof(*connection));
        *connection = (struct connection){server->connections, server, 0, fd};
        server->connections = connection;
        if (pthread_create(&connection->thread, NULL, serve_connection, connection))
            abort();
    }
    return NULL;
}

struct raw_server *raw_server_open(raw_server_handler *serve, void *context)
{
    struct raw_server *server = alloc_zeroed(sizeof(*server));
    server->serve = serve;
    server->context = context;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    if (bind(server->listener, (struct sockaddr *)&address, len) ||
        listen(server->listener, 1024) ||
        getsockname(server->listener, (struct sockaddr *)&address, &len) ||
        pthread_create(&server->acceptor, NULL, accept_all, server))
        abort();
    server->port = ntohs(address.sin_port);
    return server;
}

uint16_t raw_server_port(const struct raw_server *server)
{
    return server->port;
}

void raw_server_close(struct raw_server *server)
{
    if (!server)
        return;
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->acceptor, NULL);
    close(server->listener);
    while (server->connections) {
        struct connection *connection = server->connections;
        server->connections = connection->next;
        shutdown(connection->fd, SHUT_RDWR);
        pthread_join(connection->thread, NULL);
        close(connection->fd);
        free(connection);
    }
    free(server);
}

bool raw_server_read_request(int fd, struct buf *request)
{
    if (!socket_read_until(fd, "\r\n\r\n", request))
        return false;
    const char *length = strcasestr(request->data, "\r\ncontent-length:");
    size_t body = length ? strtoul(length + strlen("\r\ncontent-length:"), NULL, 10) : 0;
    size_t head = (size_t)(strstr(request->data, "\r\n\r\n") + 4 - request->data);
    while (request->len < head + body) {
        char chunk[4096];
        ssize_t got = recv(fd, chunk, sizeof(chunk), 0);
        if (got <= 0)
            return false;
        buf_add(request, chunk, (size_t)got);
    }
    return true;
}

void raw_server_send_text(int fd, void *text)
{
    OWN(buf) struct buf request = {0};
    if (raw_server_read_request(fd, &request))
        socket_send(fd, bytes_of(text));
}
