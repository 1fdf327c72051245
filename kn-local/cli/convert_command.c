/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local convert: converts old manifests to today's, on stdout or in place. */
#include "kn-local/cli/convert_command.h"

#include "base/file.h"
#include "base/str.h"
#include "kn-local/migrate/convert.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_FILE = 16 << 20, MAX_CHUNK = 1 << 16 };

struct input {
    char *path; /* "-" is standard input */
    struct buf before, after;
};

struct conversion_run {
    struct input *list;
    size_t count, errors;
};

static void own_run(struct conversion_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        free(run->list[i].path);
        buf_done(&run->list[i].before);
        buf_done(&run->list[i].after);
    }
    free(run->list);
}

static void print_line(const char *line, void *context)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

static bool read_stdin(struct buf *text, struct err *err)
{
    char chunk[MAX_CHUNK];
    for (size_t len; (len = fread(chunk, 1, sizeof(chunk), stdin)) > 0;)
        if (!buf_add(text, chunk, len))
            return err_set(err, ERR_TOO_LARGE, "-: is larger than %d bytes", MAX_FILE);
    return !ferror(stdin) || err_set(err, ERR_INPUT, "-: cannot be read: %s", strerror(errno));
}

static void convert_one(struct conversion_run *run, const char *path)
{
    static const struct manifest_listener listener = {print_line, print_line, NULL};
    run->list = alloc_resize(run->list, (run->count + 1) * sizeof(*run->list));
    struct input *input = &run->list[run->count++];
    *input = (struct input){.path = str_copy(path), .before.max = MAX_FILE};
    struct err err = {0};
    bool standard = str_equal(path, "-");
    if (standard ? read_stdin(&input->before, &err) : file_read(path, &input->before, &err)) {
        run->errors += convert_text(path, buf_bytes(&input->before), &input->after, &listener);
        return;
    }
    print_line(err.text, NULL);
    run->errors++;
}

static int is_manifest(const struct dirent *entry)
{
    return *entry->d_name != '.' &&
           (str_ends(entry->d_name, ".yaml") || str_ends(entry->d_name, ".yml") ||
            str_ends(entry->d_name, ".json"));
}

static void convert_folder(struct conversion_run *run, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_manifest, alphasort);
    if (count <= 0) {
        fprintf(stderr, "%s: has no manifest (.yaml, .yml, .json)\n", path);
        run->errors++;
    }
    for (int i = 0; i < count; i++) {
        OWN(free) char *file =
            str_format("%s%s%s", path, str_ends(path, "/") ? "" : "/", entries[i]->d_name);
        convert_one(run, file);
        free(entries[i]);
    }
    free(entries);
}

static void convert_path(struct conversion_run *run, const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        convert_folder(run, path);
    else
        convert_one(run, path);
}

/* Prints all files as documents of one. */
static void print_all(const struct conversion_run *run)
{
    char last = '\n';
    for (size_t i = 0; i < run->count; i++) {
        struct bytes text = buf_bytes(&run->list[i].after);
        if (i > 0 && text.len > 0 && !str_starts(text.data, "---"))
            fputs(last == '\n' ? "---\n" : "\n---\n", stdout);
        fwrite(text.data ? text.data : "", 1, text.len, stdout);
        last = text.len > 0 ? text.data[text.len - 1] : last;
    }
}

static bool write_all(const struct conversion_run *run, struct err *err)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct input *input = &run->list[i];
        struct stat status;
        if (bytes_equal(buf_bytes(&input->before), buf_bytes(&input->after)))
            continue;
        mode_t mode = stat(input->path, &status) == 0 ? status.st_mode & 07777 : 0644;
        OWN(free) char *target = realpath(input->path, NULL); /* keeps a symbolic link */
        if (!file_write(target ? target : input->path, mode, buf_bytes(&input->after), err))
            return false;
        printf("%s converted\n", input->path);
    }
    return true;
}

bool kn_convert_command(const struct kn_options *options, struct err *err)
{
    OWN(run) struct conversion_run run = {0};
    for (size_t i = 0; i < options->file_count; i++)
        convert_path(&run, options->files[i].path);
    if (run.errors > 0)
        return err_set(err, ERR_INPUT, "%zu error%s; nothing is written", run.errors,
                       run.errors == 1 ? "" : "s");
    if (options->write)
        return write_all(&run, err);
    print_all(&run);
    return fflush(stdout) == 0 ||
           err_set(err, ERR_UNAVAILABLE, "cannot write: %s", strerror(errno));
}
