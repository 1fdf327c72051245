/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line asks for. */
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

/* Borrowed from the arguments. */
struct options {
    enum command command;
    const char *host; /* never NULL */
    uint16_t port;    /* 0 = any free one */
    uint16_t tls_port;
    bool port_given;
    const char *data_dir; /* never NULL; not used with in_memory */
    bool data_dir_given;
    bool in_memory;
    bool require_auth;
    bool allow_fetch;
    const char *model;   /* NULL = the usual place */
    const char *project; /* never NULL */
    bool project_given;
    const char *out;     /* NULL = standard output */
    bool user;           /* a person's credentials instead of a service account's */
    const char *word[2]; /* behind the command: key create ACCOUNT; NULL = none */
};

/* Fails with ERR_INPUT and a line that says what is wrong with the arguments. */
bool options_read(int argc, char **argv, struct options *options, struct err *err);

/* The text of --help. */
extern const char options_help[];

#endif
