/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the local program that an image names. */
#include "kn-local/serving/image.h"

#include "base/str.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *image_name(const char *image)
{
    size_t len = strcspn(image, "@"); /* the digest */
    const char *name = image;
    for (const char *c = image; c < image + len; c++)
        if (*c == '/')
            name = c + 1;
    len -= (size_t)(name - image);
    const char *tag = memchr(name, ':', len);
    return str_copy_bytes((struct bytes){name, tag ? (size_t)(tag - name) : len});
}

/* Removes a suffix such as "-csharp"; false when the name has none. */
static bool remove_language(char *name)
{
    static const char *const languages[] = {"-csharp", "-python", "-go",     "-java", "-node",
                                            "-nodejs", "-rust",   "-dotnet", "-ruby", "-c"};
    for (size_t i = 0; i < ARRAY_SIZE(languages); i++)
        if (str_ends(name, languages[i]) && strlen(name) > strlen(languages[i])) {
            name[strlen(name) - strlen(languages[i])] = '\0';
            return true;
        }
    return false;
}

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

char *image_find_program(const char *name, const char *dirs)
{
    if (strchr(name, '/'))
        return is_program(name) ? str_copy(name) : NULL;
    while (*dirs) {
        size_t len = strcspn(dirs, ":");
        OWN(free) char *path = str_format("%.*s/%s", (int)len, dirs, name);
        if (len && is_program(path))
            return move_ptr(&path);
        dirs += len + (dirs[len] == ':');
    }
    return NULL;
}

void image_command_free(char **argv)
{
    for (char **arg = argv; arg && *arg; arg++)
        free(*arg);
    free(argv);
}

/* Splits a command at spaces. */
static char **split(const char *command)
{
    char **argv = alloc_zeroed((strlen(command) / 2 + 2) * sizeof(*argv));
    OWN(free) char *copy = str_copy(command);
    char *rest = NULL;
    size_t count = 0;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[count++] = str_copy(word);
    return argv;
}

static const char *search_path(void)
{
    const char *path = getenv("PATH");
    return path ? path : "/usr/local/bin:/usr/bin:/bin";
}

/* The program of that name, without regard to --image; or NULL. */
static char *find(const char *name, const struct runtime_options *options)
{
    char *path = options->program_dir ? image_find_program(name, options->program_dir) : NULL;
    return path ? path : image_find_program(name, search_path());
}

static const char *mapped(const char *name, const struct runtime_options *options)
{
    for (size_t i = 0; i < options->image_count; i++)
        if (str_equal(options->images[i].name, name))
            return options->images[i].command;
    return NULL;
}

static char **mapped_command(const char *name, const char *command, struct err *err)
{
    OWN(image_command) char **argv = split(command);
    char *path = argv[0] ? image_find_program(argv[0], search_path()) : NULL;
    if (!path) {
        err_set(err, ERR_NOT_FOUND, "image %s is mapped to \"%s\", which is not a program", name,
                command);
        return NULL;
    }
    str_replace(&argv[0], path);
    return move_ptr(&argv);
}

char **image_command(const char *image, const struct runtime_options *options, struct err *err)
{
    OWN(free) char *name = image_name(image);
    OWN(free) char *plain = str_copy(name);
    if (str_empty(name)) {
        err_set(err, ERR_NOT_FOUND, "image \"%s\" has no name", image);
        return NULL;
    }
    do {
        const char *command = mapped(plain, options);
        if (command)
            return mapped_command(plain, command, err);
        char *path = find(plain, options);
        if (path) {
            char **argv = alloc_zeroed(2 * sizeof(*argv));
            argv[0] = path;
            return argv;
        }
    } while (remove_language(plain));
    err_set(err, ERR_NOT_FOUND,
            "image %s: no program %s in %s or PATH; build it, or name one with --image %s=COMMAND",
            image, plain, options->program_dir ? options->program_dir : "PATH", name);
    return NULL;
}
