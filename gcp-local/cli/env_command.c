/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local env: environment variables for gcloud, gsutil and client libraries. */
#include "gcp-local/cli/env_command.h"

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/data_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All owned. */
struct server {
    struct endpoints endpoints;
    char *data_dir; /* absolute */
};

static void own_server(struct server *server)
{
    data_dir_endpoints_done(&server->endpoints);
    free(server->data_dir);
}

static bool find_server(const struct options *options, struct server *server, struct err *err)
{
    if (!file_make_dirs(options->data_dir, err))
        return false;
    server->data_dir = realpath(options->data_dir, NULL);
    if (!server->data_dir)
        return err_set(err, ERR_INPUT, "cannot find %s: %s", options->data_dir, strerror(errno));
    struct err ignored = {0};
    if (!data_dir_endpoints_read(server->data_dir, &server->endpoints, &ignored))
        server->endpoints = (struct endpoints){str_copy(options->host), options->port,
                                               options->tls_port, options->require_auth};
    return true;
}

/* gsutil's configuration. gsutil uses only https, and trusts the certificate authority of the data
 * directory. The caller frees. */
static char *boto_text(const struct server *server, const char *project)
{
    const char *host = server->endpoints.host;
    unsigned port = server->endpoints.tls_port;
    return str_format("[Credentials]\n"
                      "gs_json_host = %s\n"
                      "gs_json_port = %u\n"
                      "gs_host = %s\n"
                      "gs_port = %u\n"
                      "gs_pubsub_host = %s\n"
                      "gs_pubsub_port = %u\n"
                      "[Boto]\n"
                      "https_validate_certificates = True\n"
                      "ca_certificates_file = %s/tls/ca.crt\n"
                      "[OAuth2]\n"
                      "provider_token_uri = http://%s:%u/token\n"
                      "[GSUtil]\n"
                      "prefer_api = json\n"
                      "default_project_id = %s\n"
                      "state_dir = %s/gsutil\n",
                      host, port, host, port, host, port, server->data_dir, host,
                      server->endpoints.port, project, server->data_dir);
}

static bool write_files(const struct server *server, const char *project, struct err *err)
{
    OWN(free) char *boto = str_format("%s/boto", server->data_dir);
    OWN(free) char *gcloud = str_format("%s/gcloud", server->data_dir);
    OWN(free) char *text = boto_text(server, project);
    return file_make_dirs(gcloud, err) && file_write(boto, 0600, bytes_of(text), err);
}

/* A string in single quotes for the shell. The caller frees. */
static char *quoted(const char *text)
{
    OWN(buf) struct buf out = {0};
    buf_add_text(&out, "'");
    for (; *text; text++)
        if (*text == '\'')
            buf_add_text(&out, "'\\''");
        else
            buf_add(&out, text, 1);
    buf_add_text(&out, "'");
    return buf_take(&out);
}

static void print_export(const char *name, char *value)
{
    OWN(free) char *text = value;
    OWN(free) char *quote = quoted(text);
    printf("export %s=%s\n", name, quote);
}

static void print_gcloud(const struct server *server, const char *root, const char *project)
{
    print_export("CLOUDSDK_CONFIG", str_format("%s/gcloud", server->data_dir));
    print_export("CLOUDSDK_CORE_PROJECT", str_copy(project));
    print_export("CLOUDSDK_CORE_DISABLE_PROMPTS", str_copy("1"));
    print_export("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", str_copy("True"));
    print_export("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", str_copy("True"));
    print_export("CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB", str_format("%s/", root));
    print_export("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", str_format("%s/storage/v1/", root));
    print_export("CLOUDSDK_API_ENDPOINT_OVERRIDES_VISION", str_format("%s/", root));
    print_export("CLOUDSDK_API_ENDPOINT_OVERRIDES_TRANSLATE", str_format("%s/", root));
    print_export("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", str_format("%s/", root));
}

/* With these variables client libraries need no credentials. */
static void print_emulators(const struct server *server, const char *root)
{
    print_export("PUBSUB_EMULATOR_HOST",
                 str_format("%s:%u", server->endpoints.host, server->endpoints.port));
    print_export("STORAGE_EMULATOR_HOST", str_copy(root));
    print_export("VISION_EMULATOR_HOST", str_copy(root));
    print_export("TRANSLATE_EMULATOR_HOST", str_copy(root));
}

static void print_exports(const struct server *server, const char *project)
{
    OWN(free) char *root =
        str_format("http://%s:%u", server->endpoints.host, server->endpoints.port);
    printf("# gcloud\n");
    print_gcloud(server, root, project);
    if (!server->endpoints.require_auth)
        print_export("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", str_copy("True"));
    printf("# gsutil\n");
    print_export("BOTO_CONFIG", str_format("%s/boto", server->data_dir));
    if (!server->endpoints.require_auth)
        print_export("CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL", str_copy("False"));
    /* gcloud's gsutil prefers gcloud's setting to the file of BOTO_CONFIG */
    print_export("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
                 str_format("%s/tls/ca.crt", server->data_dir));
    printf("# rclone\n");
    print_export("RCLONE_GCS_ENDPOINT", str_format("%s/storage/v1/", root));
    print_export("RCLONE_GCS_PROJECT_NUMBER", str_copy(project));
    if (!server->endpoints.require_auth)
        print_export("RCLONE_GCS_ANONYMOUS", str_copy("true"));
    printf("# client libraries\n");
    print_export("GOOGLE_CLOUD_PROJECT", str_copy(project));
    print_export("GOOGLE_CLOUD_TRANSLATE_ENDPOINT", str_format("%s/language/translate/v2", root));
    print_export("GCE_METADATA_HOST",
                 str_format("%s:%u", server->endpoints.host, server->endpoints.port));
    if (!server->endpoints.require_auth)
        print_emulators(server, root);
}

bool env_command_run(const struct options *options, struct err *err)
{
    OWN(server) struct server server = {0};
    if (!find_server(options, &server, err) || !write_files(&server, options->project, err))
        return false;
    print_exports(&server, options->project);
    return fflush(stdout) == 0 || err_set(err, ERR_INTERNAL, "cannot write to standard output");
}
