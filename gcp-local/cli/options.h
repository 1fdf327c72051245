/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#ifndef GCP_LOCAL_CLI_OPTIONS_H
#define GCP_LOCAL_CLI_OPTIONS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum command {
    COMMAND_SERVE,
    COMMAND_ENV,
    COMMAND_KEY,
    COMMAND_RESET,
    COMMAND_HELP,
    COMMAND_VERSION
};

/* Strings are borrowed from the arguments. */
struct options {
    enum command command;
    const char *host; /* never NULL */
    uint16_t port;    /* 0 = a free one */
    uint16_t tls_port;
    bool port_given;
    const char *data_dir; /* never NULL; ignored with in_memory */
    bool data_dir_given;
    bool in_memory;
    bool require_auth;
    bool allow_fetch;
    const char *model;   /* NULL = the default path */
    const char *project; /* never NULL */
    bool project_given;
    const char *out;     /* NULL = standard output */
    bool user;           /* a user's credentials instead of a service account's */
    const char *args[2]; /* of the command, as in: key create ACCOUNT; NULL = none */
};

/* False and ERR_INPUT when the arguments are wrong. */
bool options_read(int argc, char **argv, struct options *options, struct err *err);

/* The text of --help. */
extern const char options_help[];

#endif
