/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local env: prints exports that point kubectl, gcloud, gsutil and client libraries at a running
 * kn-local. */
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
    LOOKUP_SECONDS = 1,    /* for a kn-local that has not locked its data directory yet */
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

/* gcp-local prints its own exports; this process executes it. */
static bool exec_gcp_local(const char *program_dir, const char *data_dir, struct err *err)
{
    OWN(free) char *program = str_format("%s/gcp-local", program_dir);
    OWN(free) char *gcp_dir = str_format("%s/gcp", data_dir);
    fflush(stdout);
    execl(program, "gcp-local", "env", "--data-dir", gcp_dir, (char *)NULL);
    return err_set(err, ERR_INTERNAL, "cannot run %s: %s", program, strerror(errno));
}

/* Looks up the running kn-local, and waits for one that is just starting: `kn-local up &` and this
 * are often typed together. */
static bool await_instance(const char *data_dir, char **path, struct instance_info *info,
                           struct err *err)
{
    static const struct timespec interval = {.tv_nsec = 20 * NS_PER_MS};
    int64_t began_ns = timestamp_monotonic_ns();
    for (;;) {
        struct err ignored = {0};
        if (instance_lookup(data_dir, path, info, &ignored))
            return true;
        int64_t timeout_sec = *path && dir_lock_is_held(*path) ? STARTING_SECONDS : LOOKUP_SECONDS;
        free(move_ptr(path));
        if (timestamp_monotonic_ns() - began_ns > timeout_sec * NS_PER_SEC) {
            *err = ignored;
            return false;
        }
        nanosleep(&interval, NULL);
    }
}

bool kn_env_command(const struct kn_options *options, const char *program_dir, struct err *err)
{
    OWN(instance_info) struct instance_info info = {0};
    OWN(free) char *path = NULL;
    if (!await_instance(options->data_dir, &path, &info, err)) {
        puts("false # so that eval fails, too"); /* else kubectl would use another cluster */
        return false;
    }
    OWN(free) char *config = str_format("%s/kubeconfig", path);
    OWN(free) char *events = str_format("http://127.0.0.1:%u", info.port);
    puts("# kubectl, kn");
    print_quoted("KUBECONFIG", config);
    puts("# where channels and services are");
    print_quoted("KN_LOCAL_URL", events);
    if (info.gcp_local)
        return exec_gcp_local(program_dir, path, err);
    if (info.gcp_url)
        print_emulator(info.gcp_url);
    return true;
}
