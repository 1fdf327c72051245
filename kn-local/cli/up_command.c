/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local up: runs everything until a signal. */
#include "kn-local/cli/up_command.h"

#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
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
    struct instance instance;
    struct api_credentials credentials;
    struct gcp_emulator *gcp;
    struct object_store *objects;
    struct controllers *controllers;
    struct runtime *runtime;
    struct api_server *api;
    struct http_server *api_http;
};

/* The API is closed first, so that no more changes come in; the data plane reports to the
 * controllers until it is closed. */
static void own_up_run(struct up_run *up)
{
    if (up->api)
        api_server_drain(up->api);
    http_server_close(up->api_http);
    if (up->controllers)
        controllers_stop(up->controllers);
    api_server_close(up->api);
    runtime_close(up->runtime);
    controllers_close(up->controllers);
    object_store_close(up->objects);
    gcp_emulator_close(up->gcp);
    api_credentials_done(&up->credentials);
    instance_close(&up->instance);
    for (size_t i = 0; i < ARRAY_SIZE(up->rendered); i++)
        buf_done(&up->rendered[i]);
}

static bool open_objects(struct up_run *up, struct err *err)
{
    OWN(free) char *file = str_format("%s/objects.db", up->instance.path);
    up->objects = object_store_open(file, err);
    return up->objects && admission_ensure_namespace(up->objects, "default", err);
}

static bool open_gcp(struct up_run *up, const struct kn_options *options, const char *program_dir,
                     struct err *err)
{
    struct gcp_emulator_options gcp_options = {
        .where = options->gcp,
        .program_dir = program_dir,
        .data_dir = up->instance.path,
        .port = options->gcp_port,
        .tls_port = options->gcp_tls_port,
        .model = options->model,
    };
    up->gcp = gcp_emulator_open(&gcp_options, err);
    return up->gcp != NULL;
}

static bool open_runtime(struct up_run *up, const struct kn_options *options,
                         const char *program_dir, struct err *err)
{
    up->controllers = controllers_open(up->objects, err);
    if (!up->controllers)
        return false;
    struct runtime_options runtime_options = {
        .data_dir = up->instance.path,
        .port = options->port,
        .program_dir = program_dir,
        .images = options->images,
        .image_count = options->image_count,
        .idle_ns = options->idle_sec * NS_PER_SEC,
        .sync = options->sync,
        .max_bytes = options->channel_limit_mib << 20,
        .drain_ns = options->drain_sec * NS_PER_SEC,
        .listener = controllers_listener(up->controllers),
    };
    runtime_options.variables = gcp_emulator_variables(up->gcp, &runtime_options.variable_count);
    up->runtime = runtime_open(&runtime_options, err);
    return up->runtime && controllers_start(up->controllers, up->runtime, err);
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
    struct api_server_options api_options = {
        up->objects, {stop_pod, read_log, up->runtime}, up->credentials.token};
    up->api = api_server_open(&api_options, err);
    if (!up->api)
        return false;
    struct http_server_options server = {
        .port = options->api_port,
        .cert_pem = up->credentials.identity.cert_pem,
        .key_pem = up->credentials.identity.key_pem,
        .drain_sec = DRAIN_SECONDS,
    };
    api_server_set_handlers(up->api, &server);
    up->api_http = http_server_open(&server, err);
    return up->api_http != NULL;
}

static void log_done(const char *line, void *context)
{
    (void)context;
    log_info("%s", line);
}

static void log_failed(const char *line, void *context)
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
    static const struct manifest_listener listener = {log_done, log_failed, NULL};
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

static bool publish(struct up_run *up, const struct kn_options *options, struct err *err)
{
    struct instance_info info = {
        .port = runtime_port(up->runtime),
        .api_port = http_server_port(up->api_http),
        .gcp_url = (char *)(uintptr_t)gcp_emulator_url(up->gcp),
        .gcp_local = str_equal(options->gcp, "local"),
    };
    if (!api_credentials_write_kubeconfig(up->instance.path, &up->credentials, info.api_port,
                                          err) ||
        !instance_publish(&up->instance, &info, err))
        return false;
    log_info("kn-local takes events on http://127.0.0.1:%u and kubectl on https://127.0.0.1:%u; "
             "Google Cloud is %s",
             info.port, info.api_port, info.gcp_url ? info.gcp_url : "the real one");
    log_info("for kubectl, gcloud and gsutil: eval \"$(kn-local env --data-dir %s)\"",
             up->instance.path);
    return true;
}

bool kn_up_command(const struct kn_options *options, const char *program_dir, struct err *err)
{
    sigset_t signals;
    thread_block_signals(&signals);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    OWN(up_run) struct up_run up = {.instance = {.lock = -1}};
    if (!read_files(&up, options, err) || !instance_open(options->data_dir, &up.instance, err) ||
        !api_credentials_open(up.instance.path, &up.credentials, err) || !open_objects(&up, err) ||
        !open_gcp(&up, options, program_dir, err) ||
        !open_runtime(&up, options, program_dir, err) || !open_api(&up, options, err))
        return false;
    apply_files(&up, options);
    controllers_settle(up.controllers);
    runtime_begin(up.runtime);
    if (!publish(&up, options, err))
        return false;
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    return true;
}
