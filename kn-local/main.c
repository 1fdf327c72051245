/* SPDX-License-Identifier: Apache-2.0 */
/* kn-local: Knative on this machine. */
#include "base/log.h"
#include "base/str.h"
#include "kn-local/cli/convert_command.h"
#include "kn-local/cli/env_command.h"
#include "kn-local/cli/options.h"
#include "kn-local/cli/up_command.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

static bool run(const struct kn_options *options, struct err *err)
{
    char self[PATH_MAX];
    if (!realpath("/proc/self/exe", self))
        return err_set(err, ERR_INTERNAL, "cannot find the path of this program");
    const char *program_dir = dirname(self);
    switch (options->command) {
    case KN_UP:
        return kn_up_command(options, program_dir, err);
    case KN_ENV:
        return kn_env_command(options, program_dir, err);
    case KN_CONVERT:
        return kn_convert_command(options, err);
    case KN_VERSION:
        puts("kn-local " VERSION);
        return true;
    case KN_HELP:
        break;
    }
    fputs(kn_help, stdout);
    return true;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct kn_options options;
    if (!log_from_env(&err) || !kn_options_read(argc, argv, &options, &err)) {
        fprintf(stderr, "kn-local: %s\nTry `kn-local --help`.\n", err.text);
        return EXIT_USAGE;
    }
    if (run(&options, &err))
        return EXIT_SUCCESS;
    fprintf(stderr, "kn-local: %s\n", err.text);
    return EXIT_FAILURE;
}
