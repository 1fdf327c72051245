/* SPDX-License-Identifier: Apache-2.0 */
/* Kustomizations, which kubectl renders: a child process, whose output is read. */
#include "kn-local/manifests/kustomization.h"

#include "base/child_process.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    MAX_OUTPUT = 16 << 20,
    OLDEST_MINOR = 22, /* of kubectl 1: it knows components */
};

bool kustomization_is_name(const char *name)
{
    static const char *const names[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_equal(name, names[i]))
            return true;
    return false;
}

/* Runs kubectl and appends what it prints; message receives the start of its standard error. */
static bool run_kubectl(const char *const *arguments, struct buf *out, char *message,
                        size_t message_size, struct err *err)
{
    int ends[2];
    OWN(fd) int errors = memfd_create("kubectl", MFD_CLOEXEC);
    if (errors < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, ERR_INTERNAL, "cannot run kubectl: %s", strerror(errno));
    OWN(fd) int output = ends[0];
    struct child_process_options options = {
        .argv = (char *const *)(uintptr_t)arguments,
        .out = ends[1],
        .error = errors,
    };
    struct child_process child;
    bool started = child_process_start(&options, &child, err);
    close(ends[1]);
    if (!started)
        return err_wrap(err, "needs kubectl 1.%d or newer on PATH", OLDEST_MINOR);

    char chunk[1 << 16];
    bool fits = true;
    for (ssize_t len; fits && (len = read(output, chunk, sizeof(chunk))) > 0;)
        fits = buf_add(out, chunk, (size_t)len);
    if (!fits)
        child_process_signal(&child, SIGKILL);
    int status = child_process_wait(&child);
    ssize_t len = pread(errors, message, message_size - 1, 0);
    while (len > 0 && message[len - 1] == '\n')
        len--;
    message[len > 0 ? len : 0] = '\0';
    if (!fits)
        return err_set(err, ERR_TOO_LARGE, "kubectl %s prints more than %d bytes", arguments[1],
                       MAX_OUTPUT);
    if (status != 0)
        return err_set(err, ERR_INPUT, "kubectl %s failed (%s %d): %s", arguments[1],
                       status > 0 ? "exit code" : "signal", abs(status), message);
    return true;
}

/* Whether kubectl is too old; *version receives its version, which the caller frees. */
static bool is_too_old(char **version)
{
    static const char *const arguments[] = {"kubectl", "version", "--client", "--output=json",
                                            NULL};
    struct err err = {0};
    char message[256];
    OWN(buf) struct buf out = {.max = MAX_OUTPUT};
    if (!run_kubectl(arguments, &out, message, sizeof(message), &err))
        return false;
    json_auto_t *tree = json_from_bytes(buf_bytes(&out), "kubectl version", ERR_INPUT, &err);
    if (!tree)
        return false;
    struct jread reader = jread_open(tree, "kubectl version", ERR_INPUT, &err);
    struct jread client = jread_obj(&reader, "clientVersion");
    *version = str_copy(jread_str(&client, "gitVersion"));
    int major = 0, minor = 0;
    return sscanf(*version, "v%d.%d", &major, &minor) == 2 && major == 1 && minor < OLDEST_MINOR;
}

bool kustomization_render(const char *folder, struct buf *out, struct err *err)
{
    const char *const arguments[] = {"kubectl", "kustomize", folder, NULL};
    char message[400];
    out->max = MAX_OUTPUT;
    if (run_kubectl(arguments, out, message, sizeof(message), err))
        return true;
    OWN(free) char *version = NULL;
    if (err->status == ERR_INPUT && is_too_old(&version)) {
        *err = (struct err){0};
        err_set(err, ERR_INPUT, "needs kubectl 1.%d or newer, and kubectl on PATH is %s",
                OLDEST_MINOR, version);
    }
    return err_wrap(err, "-k %s", folder);
}
