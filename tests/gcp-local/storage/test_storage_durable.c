/* SPDX-License-Identifier: Apache-2.0 */
/* Storage after a kill, on a full disk, with concurrent writers. */
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/storage/storage.h"
#include "tests/helpers/storage_fixture.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    pid_t pid;
    uint16_t port;
    struct storage_fixture fixture; /* only a client */
};

/* Runs a server until it is killed; writes its port to a pipe. */
static _Noreturn void serve(const char *folder, rlim_t file_limit, int port_to)
{
    struct err err = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGXFSZ, SIG_IGN); /* write fails as on a full disk */
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){file_limit, RLIM_INFINITY});
    struct storage *storage = storage_open(&(struct storage_options){.data_dir = folder}, &err);
    struct http_server *server =
        storage ? http_server_open(&(struct http_server_options){.begin = storage_rest_begin,
                                                                 .handle = storage_rest_handle,
                                                                 .refuse = storage_rest_refuse,
                                                                 .app = storage},
                                   &err)
                : NULL;
    uint16_t port = server ? http_server_port(server) : 0;
    if (write(port_to, &port, sizeof(port)) != sizeof(port))
        _exit(1);
    for (;;)
        pause();
}

static void child_start(struct child *child, const char *folder, rlim_t file_limit)
{
    *child = (struct child){0};
    int pipes[2];
    EXPECT(pipe(pipes) == 0);
    child->pid = fork();
    if (child->pid == 0)
        serve(folder, file_limit, pipes[1]);
    EXPECT(read(pipes[0], &child->port, sizeof(child->port)) == sizeof(child->port));
    EXPECT(child->port != 0);
    close(pipes[0]);
    close(pipes[1]);
    struct err err = {0};
    child->fixture.client = http_client_open(NULL, &err);
    snprintf(child->fixture.base, sizeof(child->fixture.base), "http://127.0.0.1:%u", child->port);
}

static void child_kill(struct child *child)
{
    http_client_close(child->fixture.client);
    kill(child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
}

static int connect_to(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    EXPECT(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static void send_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        EXPECT(sent > 0);
        data += sent;
        len -= (size_t)sent;
    }
}

static int begin_upload(uint16_t port, const char *name, size_t len)
{
    int fd = connect_to(port);
    OWN(free) char *head = str_format("POST /upload/storage/v1/b/bucket/o?uploadType=media&name=%s "
                                      "HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
                                      name, len);
    send_all(fd, head, strlen(head));
    return fd;
}

/* The number of files in a folder, and their bytes. */
static size_t count_files(const char *folder, const char *name, off_t *bytes)
{
    OWN(free) char *path = str_format("%s/storage/%s", folder, name);
    DIR *list = opendir(path);
    size_t count = 0;
    *bytes = 0;
    for (struct dirent *entry; list && (entry = readdir(list));) {
        struct stat status;
        if (entry->d_name[0] == '.' || fstatat(dirfd(list), entry->d_name, &status, 0) != 0)
            continue;
        count++;
        *bytes += status.st_size;
    }
    if (list)
        closedir(list);
    return count;
}

TEST(an_upload_interrupted_by_a_kill_leaves_nothing)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    struct child child;
    child_start(&child, dir.path, RLIM_INFINITY);
    fixture_create_bucket(&child.fixture, "bucket");
    fixture_upload_text(&child.fixture, "bucket", "o", "first");

    char piece[65536];
    memset(piece, 'x', sizeof(piece));
    int fd = begin_upload(child.port, "o", 10 * sizeof(piece));
    send_all(fd, piece, sizeof(piece));
    off_t bytes = 0;
    while (count_files(dir.path, "incoming", &bytes) == 0 || bytes == 0)
        usleep(1000);
    child_kill(&child);
    close(fd);

    child_start(&child, dir.path, RLIM_INFINITY);
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(&child.fixture, "GET", "/b/bucket/o/o?alt=media", NULL);
    EXPECT_STR(fixture_response_text(&a), "first");
    EXPECT_INT(count_files(dir.path, "incoming", &bytes), 0);
    EXPECT_INT(count_files(dir.path, "pending", &bytes), 0);
    EXPECT_INT(count_files(dir.path, "content/bucket", &bytes), 1);
    child_kill(&child);
}

TEST(what_was_acknowledged_survives_a_kill)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    struct child child;
    child_start(&child, dir.path, RLIM_INFINITY);
    fixture_create_bucket(&child.fixture, "bucket");
    fixture_upload_text(&child.fixture, "bucket", "kept", "Hello World");
    fixture_upload_text(&child.fixture, "bucket", "deleted", "x");
    OWN(fixture_response) struct fixture_response deleted =
        fixture_request_text(&child.fixture, "DELETE", "/b/bucket/o/deleted", NULL);
    (void)deleted;
    child_kill(&child);

    child_start(&child, dir.path, RLIM_INFINITY);
    OWN(fixture_response) struct fixture_response a =
        fixture_request_text(&child.fixture, "GET", "/b/bucket/o/kept?alt=media", NULL);
    EXPECT_STR(fixture_response_text(&a), "Hello World");
    EXPECT_STR(fixture_response_header(&a, "X-Goog-Hash"),
               "crc32c=aR2qLw==,md5=sQqNsWTgdUEFt6mb5y4/5Q==");
    OWN(fixture_response) struct fixture_response gone =
        fixture_request_text(&child.fixture, "GET", "/b/bucket/o/deleted", NULL);
    EXPECT_INT(gone.http.status, 404);
    child_kill(&child);
}

/* Uploads and overwrites until the server is killed: then every object must be complete, and every
 * content file must have an object. */
TEST(a_kill_during_many_changes_leaves_content_and_metadata_consistent)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    for (int round = 0; round < 5; round++) {
        struct child child;
        child_start(&child, dir.path, RLIM_INFINITY);
        if (round == 0)
            fixture_create_bucket(&child.fixture, "bucket");
        int sockets[8];
        for (int i = 0; i < 8; i++) {
            OWN(free) char *name = str_format("o%d", i % 3);
            sockets[i] = begin_upload(child.port, name, 11);
            send_all(sockets[i], "Hello World", 11);
        }
        char byte;
        EXPECT(recv(sockets[round], &byte, 1, 0) ==
               1); /* some requests are complete, others are not */
        child_kill(&child);
        for (int i = 0; i < 8; i++)
            close(sockets[i]);

        child_start(&child, dir.path, RLIM_INFINITY);
        OWN(fixture_response) struct fixture_response list =
            fixture_request_text(&child.fixture, "GET", "/b/bucket/o?versions=true", NULL);
        json_t *items = json_object_get(list.json, "items");
        off_t bytes = 0;
        EXPECT_INT(count_files(dir.path, "content/bucket", &bytes), json_array_size(items));
        EXPECT_INT(bytes, 11 * (off_t)json_array_size(items));
        EXPECT_INT(count_files(dir.path, "incoming", &bytes), 0);
        EXPECT_INT(count_files(dir.path, "pending", &bytes), 0);
        child_kill(&child);
    }
}

TEST(on_a_full_disk_an_upload_fails_and_leaves_nothing)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    struct child child;
    child_start(&child, dir.path, 1 << 20);
    fixture_create_bucket(&child.fixture, "bucket");
    fixture_upload_text(&child.fixture, "bucket", "o", "first");

    OWN(buf) struct buf large = {0};
    memset(buf_reserve(&large, 2 << 20), 'x', 2 << 20);
    large.len = 2 << 20;
    OWN(fixture_response) struct fixture_response a = fixture_request(
        &child.fixture, "POST", "/upload/storage/v1/b/bucket/o?uploadType=media&name=o",
        buf_bytes(&large), NULL);
    EXPECT_INT(a.http.status, 503);
    EXPECT_HAS(fixture_response_error(&a), "The content cannot be stored");
    OWN(fixture_response) struct fixture_response old =
        fixture_request_text(&child.fixture, "GET", "/b/bucket/o/o?alt=media", NULL);
    EXPECT_STR(fixture_response_text(&old), "first");
    off_t bytes = 0;
    while (count_files(dir.path, "incoming", &bytes) >
           0) /* removed when the request of the closed connection ends */
        usleep(1000);
    fixture_upload_text(&child.fixture, "bucket", "o", "second");
    child_kill(&child);
}

TEST(a_resumable_upload_continues_when_the_disk_has_space_again)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    struct child child;
    child_start(&child, dir.path, 1 << 20);
    fixture_create_bucket(&child.fixture, "bucket");
    OWN(fixture_response) struct fixture_response started = fixture_request_text(
        &child.fixture, "POST", "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=o", NULL);
    OWN(free) char *id =
        str_copy(strstr(fixture_response_header(&started, "Location"), "upload_id="));
    size_t total = 2 << 20;
    OWN(buf) struct buf large = {0};
    memset(buf_reserve(&large, total), 'x', total);
    large.len = total;
    OWN(fixture_response) struct fixture_response full =
        fixture_request(&child.fixture, "PUT", fixture_response_header(&started, "Location"),
                        buf_bytes(&large), "Content-Range: bytes 0-2097151/2097152", NULL);
    EXPECT_INT(full.http.status, 503);
    child_kill(&child);

    child_start(&child, dir.path, RLIM_INFINITY);
    OWN(free) char *session =
        str_format("%s/upload/storage/v1/b/bucket/o?%s", child.fixture.base, id);
    OWN(fixture_response) struct fixture_response asked = fixture_request(
        &child.fixture, "PUT", session, (struct bytes){0}, "Content-Range: bytes */2097152", NULL);
    EXPECT_INT(asked.http.status, 308);
    EXPECT_STR(fixture_response_header(&asked, "Range"), "bytes=0-1048575");
    OWN(fixture_response) struct fixture_response done =
        fixture_request(&child.fixture, "PUT", session, (struct bytes){large.data, 1 << 20},
                        "Content-Range: bytes 1048576-2097151/2097152", NULL);
    EXPECT_INT(done.http.status, 200);
    EXPECT_STR(fixture_response_member(&done, "size"), "2097152");
    EXPECT_STR(fixture_response_member(&done, "md5Hash"), "Z7L4FqMOiVYUmy1760eeUQ==");
    child_kill(&child);
}

struct writing {
    struct storage_fixture *fixture;
    int number;
};

static void *write_often(void *to)
{
    struct writing *writing = to;
    for (int i = 0; i < 20; i++) {
        char text[2000];
        memset(text, 'a' + writing->number, sizeof(text));
        OWN(fixture_response) struct fixture_response a = fixture_request(
            writing->fixture, "POST", "/upload/storage/v1/b/bucket/o?uploadType=media&name=o",
            (struct bytes){text, sizeof(text)}, NULL);
        EXPECT_INT(a.http.status, 200);
        OWN(fixture_response) struct fixture_response read =
            fixture_request_text(writing->fixture, "GET", "/b/bucket/o/o?alt=media", NULL);
        EXPECT_INT(read.http.status, 200);
        EXPECT_INT(read.http.body.len, sizeof(text));
        for (size_t c = 1; c < read.http.body.len; c++)
            EXPECT(read.http.body.data[c] == read.http.body.data[0]);
    }
    return NULL;
}

TEST(concurrent_uploads_to_one_name_do_not_mix)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    {
        OWN(storage_fixture) struct storage_fixture f;
        storage_fixture_open(&f, dir.path);
        fixture_create_bucket(&f, "bucket");
        pthread_t threads[4];
        struct writing writing[4];
        for (int i = 0; i < 4; i++) {
            writing[i] = (struct writing){&f, i};
            pthread_create(&threads[i], NULL, write_often, &writing[i]);
        }
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        off_t bytes = 0;
        EXPECT_INT(count_files(dir.path, "content/bucket", &bytes), 1);
        EXPECT_INT(bytes, 2000);
    }
}

/* The peak memory of a process, in KiB. */
static long peak_of(pid_t pid)
{
    OWN(free) char *path = str_format("/proc/%d/status", pid);
    OWN(file) FILE *file = fopen(path, "r");
    char line[200];
    long peak = 0;
    while (fgets(line, sizeof(line), file))
        if (str_starts(line, "VmHWM:"))
            peak = strtol(line + strlen("VmHWM:"), NULL, 10);
    return peak;
}

TEST(a_large_upload_and_its_download_need_little_memory)
{
    enum { PIECE = 1 << 20, PIECES = 300, MOST_KIB = 16 << 10 };
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    struct child child;
    child_start(&child, dir.path, RLIM_INFINITY);
    fixture_create_bucket(&child.fixture, "bucket");
    fixture_upload_text(&child.fixture, "bucket", "small", "x");
    long before = peak_of(child.pid);

    OWN(free) char *piece = alloc_zeroed(PIECE);
    int fd = begin_upload(child.port, "large", (size_t)PIECE * PIECES);
    for (int i = 0; i < PIECES; i++)
        send_all(fd, piece, PIECE);
    char response[16] = "";
    EXPECT(recv(fd, response, 12, MSG_WAITALL) == 12);
    EXPECT_STR(response, "HTTP/1.1 200");
    close(fd);

    fd = connect_to(child.port);
    static const char get[] = "GET /b/bucket/o/large?alt=media HTTP/1.0\r\nHost: x\r\n\r\n";
    send_all(fd, get, strlen(get));
    ssize_t len, total = 0;
    while ((len = recv(fd, piece, PIECE, 0)) > 0)
        total += len;
    EXPECT(total > (ssize_t)PIECE * PIECES);
    close(fd);
    EXPECT(peak_of(child.pid) - before < MOST_KIB);
    child_kill(&child);
}

TEST(in_memory_storage_leaves_no_files)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    setenv("TMPDIR", dir.path, 1);
    {
        OWN(storage_fixture) struct storage_fixture f;
        storage_fixture_open(&f, NULL);
        fixture_create_bucket(&f, "bucket");
        fixture_upload_text(&f, "bucket", "o", "Hello World");
        DIR *list = opendir(dir.path);
        size_t entries = 0;
        while (readdir(list))
            entries++;
        closedir(list);
        EXPECT_INT(entries, 2); /* . and .. */
    }
    unsetenv("TMPDIR");
    EXPECT(rmdir(dir.path) == 0);
}
