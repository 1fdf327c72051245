/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of kn-local. */
#ifndef KN_LOCAL_CLI_OPTIONS_H
#define KN_LOCAL_CLI_OPTIONS_H

#include "base/err.h"
#include "kn-local/dataplane/runtime.h"

enum kn_command { KN_HELP, KN_VERSION, KN_UP, KN_ENV, KN_CONVERT };

enum { KN_MAX_FILES = 64, KN_MAX_IMAGES = 64 };

/* -f PATH, or -k DIR. */
struct kn_file {
    const char *path;
    bool kustomization;
};

/* Strings are borrowed from the command line. */
struct kn_options {
    enum kn_command command;
    const char *data_dir;
    const char *gcp;   /* "local", "google", or a URL */
    const char *model; /* the weights for gcp-local's labels; NULL = its default */
    uint16_t port, api_port, gcp_port, gcp_tls_port;
    int64_t idle_sec, drain_sec, channel_limit_mib;
    bool sync; /* --durability power */
    struct kn_file files[KN_MAX_FILES];
    size_t file_count;
    bool write; /* convert: in place */
    struct serving_image images[KN_MAX_IMAGES];
    size_t image_count;
};

extern const char kn_help[];

/* False and err (ERR_INPUT), which names the argument. */
bool kn_options_read(int argc, char **argv, struct kn_options *options, struct err *err);

#endif
