/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod runs. */
#include "kn-local/serving/pod_spec.h"

#include "base/file.h"
#include "base/str.h"
#include "kn-local/serving/image.h"

#include <string.h>

extern char **environ;

/* A growing, NULL-terminated list of owned strings, such as argv. */
struct list {
    char **items;
    size_t count;
};

static void list_add(struct list *list, char *item)
{
    list->items = alloc_resize(list->items, (list->count + 2) * sizeof(char *));
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

/* Adds NAME=value, or replaces the entry of that name. */
static void list_set(struct list *env, const char *name, const char *value)
{
    size_t len = strlen(name);
    char *entry = str_format("%s=%s", name, value);
    for (size_t i = 0; i < env->count; i++)
        if (strncmp(env->items[i], entry, len + 1) == 0) {
            str_replace(&env->items[i], entry);
            return;
        }
    list_add(env, entry);
}

static void set_all(struct list *env, const struct serving_variable *variables, size_t count)
{
    for (size_t i = 0; i < count; i++)
        list_set(env, variables[i].name, variables[i].value);
}

/* Our own environment, except for what is set for services: we may run as one ourselves. */
static void add_inherited(struct list *env)
{
    static const char *const excluded_names[] = {
        "PORT=",   "K_SERVICE=",      "K_REVISION=", "K_CONFIGURATION=",
        "K_SINK=", "K_CE_OVERRIDES=", "LD_PRELOAD="};
    for (char **entry = environ; *entry; entry++) {
        bool excluded = false;
        for (size_t i = 0; i < ARRAY_SIZE(excluded_names); i++)
            excluded |= str_starts(*entry, excluded_names[i]);
        if (!excluded)
            list_add(env, str_copy(*entry));
    }
}

static void add_words(struct list *argv, const char *const *words)
{
    for (; words && *words; words++)
        list_add(argv, str_copy(*words));
}

/* The program: the container's command, or the one that its image names. */
static bool find_program(const struct serving_container *container,
                         const struct runtime_options *options, struct list *argv, struct err *err)
{
    if (!container->command || !container->command[0]) {
        argv->items = image_command(container->image, options, err);
        while (argv->items && argv->items[argv->count])
            argv->count++;
        return argv->items != NULL;
    }
    add_words(argv, container->command);
    char *path =
        options->program_dir ? image_find_program(argv->items[0], options->program_dir) : NULL;
    const char *dirs = getenv("PATH");
    if (!path)
        path = image_find_program(argv->items[0], dirs ? dirs : "/usr/bin:/bin");
    if (!path)
        return err_set(err, ERR_NOT_FOUND, "command %s is not a program on this machine",
                       argv->items[0]);
    str_replace(&argv->items[0], path);
    return true;
}

static void copy_files(const struct serving_container *container, struct pod_spec *pod_spec)
{
    pod_spec->files = alloc_zeroed(container->file_count * sizeof(*pod_spec->files));
    pod_spec->file_count = container->file_count;
    for (size_t i = 0; i < container->file_count; i++) {
        const struct serving_file *file = &container->files[i];
        pod_spec->files[i] = (struct pod_spec_file){.path = str_copy(file->path),
                                                    .data = str_copy_bytes(file->content),
                                                    .len = file->content.len};
    }
}

struct pod_spec *pod_spec_new(const struct serving_container *container,
                              const struct runtime_options *options,
                              const struct serving_variable *more, size_t more_count)
{
    struct pod_spec *pod_spec = alloc_zeroed(sizeof(*pod_spec));
    atomic_init(&pod_spec->refs, 1);
    pod_spec->container = str_copy(container->name);
    pod_spec->image = str_copy(container->image);
    pod_spec->dir = str_copy(container->working_dir);
    struct list argv = {0}, env = {0};
    if (find_program(container, options, &argv, &pod_spec->problem)) {
        add_words(&argv, container->args);
        pod_spec->argv = argv.items;
    } else {
        image_command_free(argv.items);
    }
    add_inherited(&env);
    set_all(&env, options->variables, options->variable_count);
    set_all(&env, container->variables, container->variable_count);
    set_all(&env, more, more_count);
    pod_spec->env = env.items;
    copy_files(container, pod_spec);
    return pod_spec;
}

struct pod_spec *pod_spec_hold(struct pod_spec *pod_spec)
{
    atomic_fetch_add(&pod_spec->refs, 1);
    return pod_spec;
}

void pod_spec_release(struct pod_spec *pod_spec)
{
    if (atomic_fetch_sub(&pod_spec->refs, 1) > 1)
        return;
    for (size_t i = 0; i < pod_spec->file_count; i++) {
        free(pod_spec->files[i].path);
        free(pod_spec->files[i].data);
    }
    free(pod_spec->files);
    image_command_free(pod_spec->argv);
    image_command_free(pod_spec->env);
    free(pod_spec->container);
    free(pod_spec->image);
    free(pod_spec->dir);
    free(pod_spec);
}

static bool lists_equal(char *const *a, char *const *b)
{
    while (a && b && *a && *b && str_equal(*a, *b))
        a++, b++;
    return (!a || !*a) && (!b || !*b);
}

bool pod_spec_equal(const struct pod_spec *a, const struct pod_spec *b)
{
    bool same = !a->argv == !b->argv && lists_equal(a->argv, b->argv) &&
                lists_equal(a->env, b->env) && str_equal(a->image, b->image) &&
                str_equal(a->dir, b->dir) && a->file_count == b->file_count &&
                str_equal(a->container, b->container);
    for (size_t i = 0; same && i < a->file_count; i++)
        same = str_equal(a->files[i].path, b->files[i].path) &&
               bytes_equal((struct bytes){a->files[i].data, a->files[i].len},
                           (struct bytes){b->files[i].data, b->files[i].len});
    return same;
}

static bool safe_path(const char *path)
{
    return *path == '/' && !strstr(path, "/../") && !str_ends(path, "/..") && !str_ends(path, "/");
}

/* Writes a file below dir, creating its folder, and returns its path. */
static char *write_mounted_file(const struct pod_spec_file *file, const char *dir, struct err *err)
{
    if (!safe_path(file->path)) {
        err_set(err, ERR_INPUT, "cannot mount a file at %s", file->path);
        return NULL;
    }
    OWN(free) char *path = str_format("%s%s", dir, file->path);
    OWN(free) char *folder = str_copy(path);
    *strrchr(folder, '/') = '\0';
    bool ok = file_make_dirs(folder, err) &&
              file_write(path, 0600, (struct bytes){file->data, file->len}, err);
    return ok ? move_ptr(&path) : NULL;
}

/* Replaces "NAME=/var/secrets/key.json" by "NAME=DIR/var/secrets/key.json", also when the value is
 * a parent folder of the file. */
static void rewrite_path(char **entry, const struct pod_spec_file *file, const char *dir)
{
    const char *value = strchr(*entry, '=') + 1;
    size_t len = strlen(value);
    bool same = str_equal(value, file->path);
    bool is_parent = len > 1 && str_starts(file->path, value) && file->path[len] == '/';
    if (same || is_parent)
        str_replace(entry, str_format("%.*s%s%s", (int)(value - *entry), *entry, dir, value));
}

char **pod_spec_prepare(const struct pod_spec *pod_spec, const char *dir, uint16_t port,
                        struct err *err)
{
    struct list env = {0};
    add_words(&env, (const char *const *)pod_spec->env);
    OWN(free) char *root =
        realpath(dir, NULL); /* absolute: the program may run in another folder */
    for (size_t i = 0; i < pod_spec->file_count; i++) {
        OWN(free) char *path = write_mounted_file(&pod_spec->files[i], root ? root : dir, err);
        if (!path) {
            image_command_free(env.items);
            return NULL;
        }
        for (char **entry = env.items; entry && *entry; entry++)
            rewrite_path(entry, &pod_spec->files[i], root ? root : dir);
    }
    if (port) {
        OWN(free) char *text = str_format("%u", port);
        list_set(&env, "PORT", text);
    }
    if (!env.items)
        env.items = alloc_zeroed(sizeof(char *));
    return env.items;
}
