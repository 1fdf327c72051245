/* kn-local env: exports that point kubectl, gcloud, gsutil and the libraries at a running one. */
#include "kn-local/kn_env.h"

#include "base/str.h"
#include "kn-local/home.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

bool kn_env(const struct kn_options *options, const char *program_dir, struct err *err)
{
    OWN(home_note) struct home_note note = {0};
    OWN(free) char *path = NULL;
    if (!home_ask(options->data_dir, &path, &note, err))
        return false;
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
