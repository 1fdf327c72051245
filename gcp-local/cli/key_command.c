/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local key create ACCOUNT, gcp-local key list. */
#include "gcp-local/cli/key_command.h"

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/data_dir.h"
#include "gcp-local/token/account.h"

#include <stdio.h>
#include <string.h>

/* The token endpoint of the running server, or else of one with these options. The caller frees. */
static char *token_uri(const struct options *options)
{
    OWN(endpoints) struct endpoints running = {0};
    struct err ignored = {0};
    if (options->port_given || !data_dir_endpoints_read(options->data_dir, &running, &ignored))
        return str_format("http://%s:%u/token", options->host, options->port);
    return str_format("http://%s:%u/token", running.host, running.port);
}

/* "p" of robot@p.iam.gserviceaccount.com, unless --project is given. The caller frees. */
static char *project_of(const struct options *options)
{
    const char *at = strchr(options->args[1], '@');
    if (!options->project_given && at && str_ends(at, ".iam.gserviceaccount.com")) {
        char *project = str_copy(at + 1);
        project[strcspn(project, ".")] = '\0';
        return project;
    }
    return str_copy(options->project);
}

static bool print(const char *path, const char *text, struct err *err)
{
    if (path)
        return file_write(path, 0600, bytes_of(text), err);
    return (fputs(text, stdout) >= 0 && fflush(stdout) == 0) ||
           err_set(err, ERR_INTERNAL, "cannot write to standard output");
}

static bool create(const struct options *options, const char *accounts, struct err *err)
{
    OWN(free) char *project = project_of(options);
    OWN(free) char *email = account_email(options->args[1], project, err);
    if (!email)
        return false;
    OWN(free) char *uri = token_uri(options);
    OWN(free) char *text = (options->user ? account_user_create
                                          : account_key_create)(accounts, email, project, uri, err);
    return text && print(options->out, text, err);
}

static bool list(const char *accounts, struct err *err)
{
    OWN(account_keys) struct account_keys keys = {0};
    if (!account_keys_read(accounts, &keys, err))
        return false;
    for (size_t i = 0; i < keys.count; i++) {
        const struct account_key *key = &keys.list[i];
        printf("%s  %s  %-15s  %s\n", key->id, key->created,
               key->public_pem ? "service_account" : "authorized_user", key->email);
    }
    return true;
}

bool key_command_run(const struct options *options, struct err *err)
{
    OWN(free) char *accounts = str_format("%s/accounts", options->data_dir);
    return options->args[1] ? create(options, accounts, err) : list(accounts, err);
}
