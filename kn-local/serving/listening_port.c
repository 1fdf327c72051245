/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets by port and by process group. */
#include "kn-local/serving/listening_port.h"

#include "base/own.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STATE_LISTEN = 0x0A /* in /proc/net/tcp */ };

static void own_stdio(FILE **local)
{
    if (*local)
        fclose(*local);
}

static void own_dir(DIR **local)
{
    if (*local)
        closedir(*local);
}

uint16_t listening_port_free(void)
{
    OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return 0;
    return ntohs(address.sin_port);
}

bool listening_port_is_open(uint16_t port)
{
    OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0)
        return false;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return true;
    struct pollfd connected = {.fd = fd, .events = POLLOUT};
    return errno == EINPROGRESS && poll(&connected, 1, 0) == 1 &&
           !(connected.revents & (POLLERR | POLLHUP));
}

/* The process group of a process; 0 when it has ended. Format: proc(5), /proc/PID/stat. */
static pid_t group_of(const char *pid)
{
    char path[64], line[512];
    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    OWN(stdio) FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof(line), file))
        return 0;
    const char *rest = strrchr(line, ')'); /* the command's name may hold spaces */
    int group = 0;
    return rest && sscanf(rest + 1, " %*c %*d %d", &group) == 1 ? (pid_t)group : 0;
}

enum { MAX_INODES = 4096 };

/* Socket inodes that a process group holds. unreadable: some process hid its files. */
struct socket_set {
    unsigned long inodes[MAX_INODES];
    size_t count;
    bool unreadable;
};

static void add_sockets_of(const char *pid, struct socket_set *set)
{
    char path[64], target[64];
    snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
    OWN(dir) DIR *dir = opendir(path);
    if (!dir) {
        set->unreadable |= errno == EACCES || errno == EPERM;
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) && set->count < MAX_INODES;) {
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
        if (len < 0)
            continue;
        target[len] = '\0';
        if (sscanf(target, "socket:[%lu]", &set->inodes[set->count]) == 1)
            set->count++;
    }
}

static void collect_sockets(pid_t group, struct socket_set *set)
{
    OWN(dir) DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));)
        if (isdigit((unsigned char)*entry->d_name) && group_of(entry->d_name) == group)
            add_sockets_of(entry->d_name, set);
}

static bool has_inode(const struct socket_set *set, unsigned long inode)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->inodes[i] == inode)
            return true;
    return false;
}

/* Whether the set holds a listening socket of the port (0: any). *lowest is the lowest such port.
 */
static bool find_listener(const struct socket_set *set, unsigned port, uint16_t *lowest)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    *lowest = 0;
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        OWN(stdio) FILE *file = fopen(tables[i], "re");
        char line[512];
        unsigned local, state;
        unsigned long inode;
        while (file && fgets(line, sizeof(line), file)) {
            if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu",
                       &local, &state, &inode) != 3 ||
                state != STATE_LISTEN || (port && local != port) || !has_inode(set, inode))
                continue;
            if (!*lowest || local < *lowest)
                *lowest = (uint16_t)local;
        }
    }
    return *lowest != 0;
}

bool listening_port_belongs_to(uint16_t port, pid_t group)
{
    OWN(free) struct socket_set *set = alloc_zeroed(sizeof(*set));
    uint16_t found;
    collect_sockets(group, set);
    return find_listener(set, port, &found) || set->unreadable;
}

uint16_t listening_port_of(pid_t group)
{
    OWN(free) struct socket_set *set = alloc_zeroed(sizeof(*set));
    uint16_t found;
    collect_sockets(group, set);
    find_listener(set, 0, &found);
    return found;
}
