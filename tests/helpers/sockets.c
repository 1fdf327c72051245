/* SPDX-License-Identifier: Apache-2.0 */
/* Raw sockets for tests: requests that an HTTP client would not send. */
#include "tests/helpers/sockets.h"

#include "base/own.h"
#include "base/str.h"
#include "tests/helpers/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_PORT = 20000, PORTS = 12000 };

static bool can_bind(uint16_t port)
{
    OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

uint16_t free_port(void)
{
    OWN(free) char *folder = str_format("/tmp/ports-of-tests-%u", getuid());
    mkdir(folder, 0755);
    for (;;) {
        uint16_t port = (uint16_t)(FIRST_PORT + arc4random_uniform(PORTS));
        OWN(free) char *path = str_format("%s/%u", folder, port);
        int lock = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644); /* until the process ends */
        EXPECT(lock >= 0);
        if (flock(lock, LOCK_EX | LOCK_NB) == 0 && can_bind(port))
            return port;
        close(lock);
    }
}

int socket_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        fail_msg("cannot connect to port %u: %s", port, strerror(errno));
    return fd;
}

bool socket_send(int fd, struct bytes data)
{
    while (data.len) {
        ssize_t sent = send(fd, data.data, data.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data.data += sent;
        data.len -= (size_t)sent;
    }
    return true;
}

char *socket_read_all(int fd)
{
    struct buf got = {0};
    char chunk[4096];
    for (ssize_t len; (len = recv(fd, chunk, sizeof(chunk), 0)) > 0;)
        buf_add(&got, chunk, (size_t)len);
    return buf_take(&got);
}

bool socket_read_until(int fd, const char *text, struct buf *got)
{
    char chunk[4096];
    while (!got->data || !memmem(got->data, got->len, text, strlen(text))) {
        ssize_t len = recv(fd, chunk, sizeof(chunk), 0);
        if (len <= 0)
            return false;
        buf_add(got, chunk, (size_t)len);
    }
    return true;
}

char *socket_read_response(int fd)
{
    struct buf got = {0};
    if (!socket_read_until(fd, "\r\n\r\n", &got))
        return buf_take(&got);
    const char *length = strcasestr(got.data, "\r\nContent-Length:");
    size_t head = (size_t)(strstr(got.data, "\r\n\r\n") + 4 - got.data);
    size_t want = head + (length ? (size_t)atol(length + strlen("\r\nContent-Length:")) : 0);
    char chunk[4096];
    for (ssize_t len; got.len < want && (len = recv(fd, chunk, sizeof(chunk), 0)) > 0;)
        buf_add(&got, chunk, (size_t)len);
    return buf_take(&got);
}

char *socket_request(uint16_t port, struct bytes request)
{
    OWN(fd) int fd = socket_connect(port);
    socket_send(fd, request);
    return socket_read_all(fd);
}

int socket_status(const char *response)
{
    int status = 0;
    return sscanf(response, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}
