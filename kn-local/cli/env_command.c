/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local env: exports that point kubectl, gcloud, gsutil and the libraries at a running one. */
#include "kn-local/cli/env_command.h"

#include "base/dir_lock.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/cli/instance.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOKUP_SECONDS = 1,    /* for one that has not locked its folder yet */
    STARTING_SECONDS = 20, /* for one that has */
};

static void print_quoted(const char *name, const char *value)
{
    printf("export %s='", name);
    for (; *value; value++)
        if (*value == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*value);
    puts("'");
}

static void print_emulator(const char *url)
{
    const char *host = strstr(url, "://");
    puts("# Google Cloud");
    print_quoted("PUBSUB_EMULATOR_HOST", host ? host + 3 : url);
    print_quoted("STORAGE_EMULATOR_HOST", url);
    print_quoted("VISION_EMULATOR_HOST", url);
    print_quoted("TRANSLATE_EMULATOR_HOST", url);
}

/* gcp-local knows its own exports best: this process becomes it. */
static bool go_on_as_gcp_local(const char *program_dir, const char *data_dir, struct err *err)
{
    OWN(free) char *program = str_format("%s/gcp-local", program_dir);
    OWN(free) char *gcp_dir = str_format("%s/gcp", data_dir);
    fflush(stdout);
    execl(program, "gcp-local", "env", "--data-dir", gcp_dir, (char *)NULL);
    return err_set(err, ERR_INTERNAL, "cannot run %s: %s", program, strerror(errno));
}

/* Asks for the one that runs, and waits a moment for one that is just starting: `kn-local up &` and
 * this are often typed together. */
static bool await_home(const char *data_dir, char **path, struct instance_info *note,
                       struct err *err)
{
    static const struct timespec moment = {.tv_nsec = 20 * NS_PER_MS};
    int64_t began_ns = timestamp_monotonic_ns();
    for (;;) {
        struct err none = {0};
        if (instance_lookup(data_dir, path, note, &none))
            return true;
        int64_t patience_sec = *path && dir_lock_is_held(*path) ? STARTING_SECONDS : LOOKUP_SECONDS;
        free(move_ptr(path));
        if (timestamp_monotonic_ns() - began_ns > patience_sec * NS_PER_SEC) {
            *err = none;
            return false;
        }
        nanosleep(&moment, NULL);
    }
}

bool kn_env_command(const struct kn_options *options, const char *program_dir, struct err *err)
{
    OWN(instance_info) struct instance_info note = {0};
    OWN(free) char *path = NULL;
    if (!await_home(options->data_dir, &path, &note, err)) {
        puts("false # so that eval fails, too"); /* or what follows would go to another cluster */
        return false;
    }
    OWN(free) char *config = str_format("%s/kubeconfig", path);
    OWN(free) char *events = str_format("http://127.0.0.1:%u", note.port);
    puts("# kubectl, kn");
    print_quoted("KUBECONFIG", config);
    puts("# where channels and services are");
    print_quoted("KN_LOCAL_URL", events);
    if (note.gcp_local)
        return go_on_as_gcp_local(program_dir, path, err);
    if (note.gcp_url)
        print_emulator(note.gcp_url);
    return true;
}
