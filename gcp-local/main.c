/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local: Google Cloud on this machine. */
#include "base/log.h"
#include "base/own.h"
#include "gcp-local/cli/env_command.h"
#include "gcp-local/cli/key_command.h"
#include "gcp-local/cli/options.h"
#include "gcp-local/cli/reset_command.h"
#include "gcp-local/cli/serve_command.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

static bool help_command(const struct options *options, struct err *err)
{
    (void)options, (void)err;
    fputs(options_help, stdout);
    return true;
}

static bool version_command(const struct options *options, struct err *err)
{
    (void)options, (void)err;
    puts("gcp-local " VERSION);
    return true;
}

static bool run(const struct options *options, struct err *err)
{
    static bool (*const commands[])(const struct options *options, struct err *err) = {
        [COMMAND_SERVE] = serve_command_run, [COMMAND_ENV] = env_command_run,
        [COMMAND_KEY] = key_command_run,     [COMMAND_RESET] = reset_command_run,
        [COMMAND_HELP] = help_command,       [COMMAND_VERSION] = version_command,
    };
    return commands[options->command](options, err);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct options options;
    if (!log_from_env(&err) || !options_read(argc, argv, &options, &err)) {
        fprintf(stderr, "gcp-local: %s\nTry `gcp-local --help`.\n", err.text);
        return EXIT_USAGE;
    }
    if (run(&options, &err))
        return EXIT_SUCCESS;
    fprintf(stderr, "gcp-local: %s\n", err.text);
    return EXIT_FAILURE;
}
