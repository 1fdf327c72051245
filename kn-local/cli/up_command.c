/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local up: everything, from opening the data directory to the end by a signal. */
#include "kn-local/cli/up_command.h"

#include "base/log.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/api/api_credentials.h"
#include "kn-local/api/api_server.h"
#include "kn-local/cli/gcp_emulator.h"
#include "kn-local/cli/instance.h"
#include "kn-local/controllers/controllers.h"
#include "kn-local/manifests/kustomization.h"
#include "kn-local/manifests/manifests.h"
#include "kn-local/store/admission.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN_SECONDS = 5 };

/* All that runs, in the order in which it was opened. */
struct up_run {
    struct buf rendered[KN_MAX_FILES]; /* of each option -k */
    struct instance home;
    struct api_credentials access;
    struct gcp_emulator *gcp;
    struct object_store *objects;
    struct controllers *control;
    struct runtime *runtime;
    struct api_server *kube;
    struct http_server *api;
};

/* The API first, so that nothing new is asked for; the data plane tells the controllers to its
 * end. */
static void own_up_run(struct up_run *up)
{
    if (up->kube)
        api_server_drain(up->kube);
    http_server_close(up->api);
    if (up->control)
        controllers_stop(up->control);
    api_server_close(up->kube);
    runtime_close(up->runtime);
    controllers_close(up->control);
    object_store_close(up->objects);
    gcp_emulator_close(up->gcp);
    api_credentials_done(&up->access);
    instance_close(&up->home);
    for (size_t i = 0; i < ARRAY_SIZE(up->rendered); i++)
        buf_done(&up->rendered[i]);
}

/* Signals are blocked in all threads, and waited for in this one. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool open_objects(struct up_run *up, struct err *err)
{
    OWN(free) char *file = str_format("%s/objects.db", up->home.path);
    up->objects = object_store_open(file, err);
    return up->objects && admission_ensure_namespace(up->objects, "default", err);
}

static bool open_gcp(struct up_run *up, const struct kn_options *options, const char *program_dir,
                     struct err *err)
{
    struct gcp_emulator_options wanted = {
        .where = options->gcp,
        .program_dir = program_dir,
        .data_dir = up->home.path,
        .port = options->gcp_port,
        .tls_port = options->gcp_tls_port,
        .model = options->model,
    };
    up->gcp = gcp_emulator_open(&wanted, err);
    return up->gcp != NULL;
}

static bool open_runtime(struct up_run *up, const struct kn_options *options,
                         const char *program_dir, struct err *err)
{
    up->control = controllers_open(up->objects, err);
    if (!up->control)
        return false;
    struct runtime_options wanted = {
        .data_dir = up->home.path,
        .port = options->port,
        .program_dir = program_dir,
        .images = options->images,
        .image_count = options->image_count,
        .idle_ns = options->idle_sec * NS_PER_SEC,
        .sync = options->sync,
        .max_bytes = options->channel_limit_mib << 20,
        .drain_ns = options->drain_sec * NS_PER_SEC,
        .listener = controllers_listener(up->control),
    };
    wanted.variables = gcp_emulator_variables(up->gcp, &wanted.variable_count);
    up->runtime = runtime_open(&wanted, err);
    return up->runtime && controllers_start(up->control, up->runtime, err);
}

static void stop_pod(void *runtime, const char *ns, const char *pod)
{
    runtime_delete_pod(runtime, ns, pod);
}

static bool read_log(void *runtime, const struct api_log_request *request,
                     struct api_log_position *position, struct buf *out, bool *ended,
                     struct err *err)
{
    struct serving_log_request log = {request->ns,       request->pod,  request->previous,
                                      request->since_ns, request->tail, request->timestamps};
    struct serving_log_position at = {position->offset, position->run};
    bool read = runtime_log_read(runtime, &log, &at, out, ended, err);
    *position = (struct api_log_position){at.offset, at.run};
    return read;
}

static bool open_api(struct up_run *up, const struct kn_options *options, struct err *err)
{
    struct api_server_options wanted = {
        up->objects, {stop_pod, read_log, up->runtime}, up->access.token};
    up->kube = api_server_open(&wanted, err);
    if (!up->kube)
        return false;
    struct http_server_options server = {
        .port = options->api_port,
        .cert_pem = up->access.identity.cert_pem,
        .key_pem = up->access.identity.key_pem,
        .drain_sec = DRAIN_SECONDS,
    };
    api_server_set_handlers(up->kube, &server);
    up->api = http_server_open(&server, err);
    return up->api != NULL;
}

static void tell_done(const char *line, void *context)
{
    (void)context;
    log_info("%s", line);
}

static void tell_failed(const char *line, void *context)
{
    (void)context;
    log_error("%s", line);
}

/* The base used to have an overlay for this machine. */
static bool is_overlay_local(const char *path)
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    OWN(free) char *plain = str_format("%.*s", (int)len, path);
    return str_ends(plain, "overlays/local") && access(path, F_OK) != 0;
}

static void warn_of_kustomization(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (kustomization_is_name(entry->d_name))
            log_warning("%s: %s is skipped; -k %s applies it", path, entry->d_name, path);
    if (folder)
        closedir(folder);
}

/* A missing path is a typo, and a kustomization is applied whole or not at all: an error here keeps
 * kn-local from starting. */
static bool read_files(struct up_run *up, const struct kn_options *options, struct err *err)
{
    for (size_t i = 0; i < options->file_count; i++) {
        const char *path = options->files[i].path;
        if (is_overlay_local(path))
            return err_set(err, ERR_INPUT, "%s was removed; use -f manifests/base", path);
        if (options->files[i].kustomization) {
            if (!kustomization_render(path, &up->rendered[i], err))
                return false;
        } else if (!str_equal(path, "-")) {
            if (access(path, R_OK) != 0)
                return err_set(err, ERR_INPUT, "-f %s: %s", path, strerror(errno));
            warn_of_kustomization(path);
        }
    }
    return true;
}

/* An error in one file does not stop the others. */
static void apply_files(struct up_run *up, const struct kn_options *options)
{
    static const struct manifest_listener listener = {tell_done, tell_failed, NULL};
    size_t errors = 0;
    for (size_t i = 0; i < options->file_count; i++) {
        const struct kn_file *file = &options->files[i];
        errors += file->kustomization
                      ? manifests_apply_rendered(up->objects, file->path,
                                                 buf_bytes(&up->rendered[i]), &listener)
                      : manifests_apply(up->objects, file->path, &listener);
    }
    if (errors)
        log_warning("%zu %s not applied, see above; the rest runs", errors,
                    errors == 1 ? "object or file was" : "objects or files were");
}

static bool tell(struct up_run *up, const struct kn_options *options, struct err *err)
{
    struct instance_info note = {
        .port = runtime_port(up->runtime),
        .api_port = http_server_port(up->api),
        .gcp_url = (char *)(uintptr_t)gcp_emulator_url(up->gcp),
        .gcp_local = str_equal(options->gcp, "local"),
    };
    if (!api_credentials_write_kubeconfig(up->home.path, &up->access, note.api_port, err) ||
        !instance_publish(&up->home, &note, err))
        return false;
    log_info("kn-local takes events on http://127.0.0.1:%u and kubectl on https://127.0.0.1:%u; "
             "Google Cloud is %s",
             note.port, note.api_port, note.gcp_url ? note.gcp_url : "the real one");
    log_info("for kubectl, gcloud and gsutil: eval \"$(kn-local env --data-dir %s)\"",
             up->home.path);
    return true;
}

bool kn_up_command(const struct kn_options *options, const char *program_dir, struct err *err)
{
    sigset_t signals;
    block_signals(&signals);
    OWN(up_run) struct up_run up = {.home = {.lock = -1}};
    if (!read_files(&up, options, err) || !instance_open(options->data_dir, &up.home, err) ||
        !api_credentials_open(up.home.path, &up.access, err) || !open_objects(&up, err) ||
        !open_gcp(&up, options, program_dir, err) ||
        !open_runtime(&up, options, program_dir, err) || !open_api(&up, options, err))
        return false;
    apply_files(&up, options);
    controllers_settle(up.control);
    runtime_begin(up.runtime);
    if (!tell(&up, options, err))
        return false;
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    return true;
}
