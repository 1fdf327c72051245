/* SPDX-License-Identifier: Apache-2.0 */
/* Measures how long a server takes from its start to its first answer:
 *
 *     start TIMES COMMAND [ARGUMENT]...     prints the median in milliseconds
 *
 * The command is started with a free PORT in its environment and sent one event again and again,
 * until it answers with 2xx; then it is ended by SIGTERM. REQUEST in the environment is sent in
 * place of an event. */
#include "base/env.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

enum { PATIENCE_MS = 10000, PAUSE_NS = 50000 };

static const char event[] = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nce-specversion: 1.0\r\n"
                            "ce-id: 1\r\nce-type: test\r\nce-source: /bench\r\n"
                            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t free_port(void)
{
    OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof(address);
    if (bind(fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    return ntohs(address.sin_port);
}

/* Sends the request; false when nobody listens yet, or it is not taken. */
static bool ask(uint16_t port)
{
    OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(port);
    char answer[16] = "";
    const char *request = env_str("REQUEST", event);
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
           send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request) &&
           recv(fd, answer, sizeof(answer) - 1, 0) > 9 && str_starts(answer, "HTTP/1.1 2");
}

static pid_t start(char **command)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    int failed = posix_spawnp(&pid, command[0], &files, NULL, command, environ);
    posix_spawn_file_actions_destroy(&files);
    return failed ? -1 : pid;
}

/* Milliseconds to the first answer; negative when none came. */
static double measure(char **command)
{
    uint16_t port = free_port();
    OWN(free) char *text = str_format("%d", port);
    setenv("PORT", text, 1);

    int64_t start_ns = timestamp_monotonic_ns(), spent_ns = 0;
    pid_t pid = start(command);
    bool answered = false;
    while (pid > 0 && !(answered = ask(port)) && spent_ns < (int64_t)PATIENCE_MS * NS_PER_MS) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        spent_ns = timestamp_monotonic_ns() - start_ns;
    }
    spent_ns = timestamp_monotonic_ns() - start_ns;
    if (pid > 0) {
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
    }
    return answered ? (double)spent_ns / NS_PER_MS : -1;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int64_t times;
    if (argc < 3 || !str_int(argv[1], 1, 1000, &times)) {
        fprintf(stderr, "usage: start TIMES COMMAND [ARGUMENT]...\n");
        return 2;
    }
    double spent_ms[1000];
    for (int64_t i = 0; i < times; i++)
        if ((spent_ms[i] = measure(argv + 2)) < 0) {
            fprintf(stderr, "start: %s did not answer\n", argv[2]);
            return EXIT_FAILURE;
        }
    qsort(spent_ms, (size_t)times, sizeof(*spent_ms), by_size);
    printf("%.2f\n", spent_ms[times / 2]);
    return EXIT_SUCCESS;
}
