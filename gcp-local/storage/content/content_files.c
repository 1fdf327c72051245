/* SPDX-License-Identifier: Apache-2.0 */
/* Files by path in one folder, or unlinked files by name. */
#include "gcp-local/storage/content/content_files.h"

#include "base/env.h"
#include "base/file.h"
#include "base/str.h"
#include "gcp-local/storage/content/content_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

struct unlinked {
    char *path; /* its name in the table; it has none in the file system */
    int fd;
    UT_hash_handle hh;
};

struct content_files {
    int folder;           /* -1: all files are unlinked */
    pthread_mutex_t lock; /* guards by_path */
    struct unlinked *by_path;
};

static const char *const folders[] = {"incoming", "content", "pending"};

struct content_files *content_files_open(const char *folder, struct err *err)
{
    OWN(content_files) struct content_files *files = alloc_zeroed(sizeof(*files));
    files->folder = -1;
    pthread_mutex_init(&files->lock, NULL);
    if (!folder) {
        struct rlimit limit; /* unlinked files stay open: raise the limit */
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            setrlimit(RLIMIT_NOFILE, &limit);
        }
        return move_ptr(&files);
    }

    if (!file_make_dirs(folder, err))
        return NULL;
    files->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; files->folder >= 0 && i < ARRAY_SIZE(folders); i++)
        if (mkdirat(files->folder, folders[i], 0700) < 0 && errno != EEXIST) {
            close(files->folder);
            files->folder = -1;
        }
    if (files->folder < 0) {
        err_set(err, ERR_INTERNAL, "cannot use %s: %s", folder, strerror(errno));
        return NULL;
    }
    return move_ptr(&files);
}

static void close_unlinked(struct content_files *files, struct unlinked *file)
{
    HASH_DEL(files->by_path, file);
    close(file->fd);
    free(file->path);
    free(file);
}

static void close_all_unlinked(struct content_files *files)
{
    struct unlinked *file, *next;
    HASH_ITER(hh, files->by_path, file, next)
    {
        close_unlinked(files, file);
    }
}

void content_files_close(struct content_files *files)
{
    if (!files)
        return;
    close_all_unlinked(files);
    if (files->folder >= 0)
        close(files->folder);
    pthread_mutex_destroy(&files->lock);
    free(files);
}

char *content_files_incoming_path(const char *id)
{
    return str_format("incoming/%s", id);
}

char *content_files_object_path(const char *bucket, int64_t generation)
{
    return str_format("content/%s/%lld", bucket, (long long)generation);
}

bool content_files_durable(const struct content_files *files)
{
    return files->folder >= 0;
}

static bool failed(struct err *err, const char *action, const char *path)
{
    int status = errno == ENOENT ? ERR_NOT_FOUND : content_writer_status(errno);
    return err_set(err, status, "cannot %s %s: %s", action, path, strerror(errno));
}

static struct unlinked *unlinked_find(struct content_files *files, const char *path)
{
    struct unlinked *file = NULL;
    HASH_FIND_STR(files->by_path, path, file);
    if (!file)
        errno = ENOENT;
    return file;
}

/* Takes fd over. Replaces a file of the same path. */
static void unlinked_put(struct content_files *files, const char *path, int fd)
{
    struct unlinked *old = unlinked_find(files, path);
    if (old)
        close_unlinked(files, old);
    struct unlinked *file = alloc_zeroed(sizeof(*file));
    file->path = str_copy(path);
    file->fd = fd;
    HASH_ADD_KEYPTR(hh, files->by_path, file->path, strlen(file->path), file);
}

/* A file on disk if the file system has O_TMPFILE, else in memory. */
static int unlinked_new(void)
{
    int fd = open(env_str("TMPDIR", "/tmp"), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 || errno == EMFILE || errno == ENFILE ? fd : memfd_create("object", MFD_CLOEXEC);
}

static int unlinked_create(struct content_files *files, const char *path)
{
    int fd = unlinked_new();
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    pthread_mutex_lock(&files->lock);
    unlinked_put(files, path, fd);
    pthread_mutex_unlock(&files->lock);
    return copy;
}

static int unlinked_read(struct content_files *files, const char *path)
{
    pthread_mutex_lock(&files->lock);
    struct unlinked *file = unlinked_find(files, path);
    int fd = file ? fcntl(file->fd, F_DUPFD_CLOEXEC, 0) : -1;
    pthread_mutex_unlock(&files->lock);
    return fd;
}

static bool unlinked_link(struct content_files *files, const char *from, const char *to)
{
    int fd = unlinked_read(files, from);
    if (fd < 0)
        return false;
    pthread_mutex_lock(&files->lock);
    unlinked_put(files, to, fd);
    pthread_mutex_unlock(&files->lock);
    return true;
}

static void unlinked_remove(struct content_files *files, const char *path)
{
    pthread_mutex_lock(&files->lock);
    struct unlinked *file = unlinked_find(files, path);
    if (file)
        close_unlinked(files, file);
    pthread_mutex_unlock(&files->lock);
}

int content_files_create(struct content_files *files, const char *path, struct err *err)
{
    int fd =
        content_files_durable(files)
            ? openat(files->folder, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)
            : unlinked_create(files, path);
    if (fd < 0)
        failed(err, "create", path);
    return fd;
}

int content_files_read(struct content_files *files, const char *path, struct err *err)
{
    int fd = content_files_durable(files)
                 ? openat(files->folder, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
                 : unlinked_read(files, path);
    if (fd < 0)
        failed(err, "open", path);
    return fd;
}

static void make_parent(struct content_files *files, const char *path)
{
    OWN(free) char *folder = str_copy(path);
    *strrchr(folder, '/') = '\0';
    mkdirat(files->folder, folder, 0700);
}

bool content_files_rename(struct content_files *files, const char *from, const char *to,
                          struct err *err)
{
    if (!content_files_durable(files)) {
        if (!unlinked_link(files, from, to))
            return failed(err, "rename", from);
        unlinked_remove(files, from);
        return true;
    }
    make_parent(files, to);
    return renameat(files->folder, from, files->folder, to) == 0 || failed(err, "rename", from);
}

/* For file systems without hard links. */
static bool copy(struct content_files *files, const char *from, const char *to, struct err *err)
{
    OWN(fd) int source = content_files_read(files, from, err);
    OWN(fd) int target = source < 0 ? -1 : content_files_create(files, to, err);
    if (target < 0)
        return false;
    ssize_t len = 0;
    do {
        len = copy_file_range(source, NULL, target, NULL, (size_t)1 << 30, 0);
    } while (len > 0);
    return len == 0 || failed(err, "copy", from);
}

bool content_files_link(struct content_files *files, const char *from, const char *to,
                        struct err *err)
{
    if (!content_files_durable(files))
        return unlinked_link(files, from, to) || failed(err, "link", from);
    make_parent(files, to);
    if (linkat(files->folder, from, files->folder, to, 0) == 0)
        return true;
    if (errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP)
        return copy(files, from, to, err);
    return failed(err, "link", from);
}

void content_files_remove(struct content_files *files, const char *path)
{
    if (!content_files_durable(files))
        unlinked_remove(files, path);
    else if (unlinkat(files->folder, path, 0) < 0 && (errno == EISDIR || errno == EPERM))
        unlinkat(files->folder, path, AT_REMOVEDIR);
}

void content_files_each(struct content_files *files, const char *folder,
                        void (*each)(const char *name, void *context), void *context)
{
    int fd = content_files_durable(files)
                 ? openat(files->folder, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                 : -1;
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (!list)
        return;
    for (struct dirent *entry; (entry = readdir(list));)
        if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
            each(entry->d_name, context);
    closedir(list);
}

struct folder {
    struct content_files *files;
    const char *folder;
};

static void remove_all(const char *name, void *context)
{
    struct folder *outer = context;
    OWN(free) char *path = str_format("%s/%s", outer->folder, name);
    struct folder inner = {outer->files, path};
    content_files_each(outer->files, path, remove_all, &inner);
    content_files_remove(outer->files, path);
}

void content_files_reset(struct content_files *files)
{
    pthread_mutex_lock(&files->lock);
    close_all_unlinked(files);
    pthread_mutex_unlock(&files->lock);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        content_files_each(files, folders[i], remove_all, &(struct folder){files, folders[i]});
}
