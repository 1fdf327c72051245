/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#include "gcp-local/cli/options.h"

#include "base/env.h"
#include "base/own.h"
#include "base/str.h"

#include <getopt.h>

enum { DEFAULT_PORT = 8585, DEFAULT_TLS_PORT = 8586 };

const char options_help[] =
    "usage: gcp-local [OPTION…]                  serve until SIGTERM or SIGINT\n"
    "       gcp-local env [--data-dir DIR]       print environment variables for its clients\n"
    "       gcp-local key create ACCOUNT [--project P] [--user] [--out FILE]\n"
    "       gcp-local key list\n"
    "       gcp-local reset [--data-dir DIR]     delete all data except accounts, certificates\n"
    "\n"
    "Google Cloud on this machine: Pub/Sub, Storage with notifications, Vision labels, Translate\n"
    "and tokens, for gcloud, gsutil, Google's client libraries and curl.\n"
    "\n"
    "  --port N          HTTP port (default 8585); 0 chooses a free port\n"
    "  --tls-port N      HTTPS port (default 8586), needed by gsutil; 0 chooses a free port\n"
    "  --host ADDRESS    address to listen on (default 127.0.0.1). Unless it is a loopback "
    "address,\n"
    "                    everyone who can reach it can read and change all data without\n"
    "                    --require-auth\n"
    "  --data-dir DIR    directory of all data (default .local/gcp)\n"
    "  --in-memory       keep data in a temporary directory that is deleted at exit\n"
    "  --require-auth    require a token for every API call; see `key create`\n"
    "  --allow-fetch     let Vision fetch pictures from http and https URLs\n"
    "  --model FILE      weights of the network that computes labels\n"
    "  --project P       project of the account and of the clients (default demo)\n"
    "  --user            create credentials of a user (authorized_user), not of a service account\n"
    "  --out FILE        write the key to FILE, readable by its owner only\n"
    "  -h, --help        print this\n"
    "  --version         print the version\n"
    "\n"
    "Environment: GOOGLE_CLOUD_PROJECT, LOG_FORMAT (text, json), LOG_LEVEL.\n"
    "Exit codes: 0 success, 1 failure, such as a port in use, 2 wrong arguments.\n";

enum {
    OPTION_PORT = 256,
    OPTION_TLS_PORT,
    OPTION_HOST,
    OPTION_DATA_DIR,
    OPTION_IN_MEMORY,
    OPTION_REQUIRE_AUTH,
    OPTION_ALLOW_FETCH,
    OPTION_MODEL,
    OPTION_PROJECT,
    OPTION_USER,
    OPTION_OUT,
    OPTION_VERSION,
};

static const struct option known[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"tls-port", required_argument, NULL, OPTION_TLS_PORT},
    {"host", required_argument, NULL, OPTION_HOST},
    {"data-dir", required_argument, NULL, OPTION_DATA_DIR},
    {"in-memory", no_argument, NULL, OPTION_IN_MEMORY},
    {"require-auth", no_argument, NULL, OPTION_REQUIRE_AUTH},
    {"allow-fetch", no_argument, NULL, OPTION_ALLOW_FETCH},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"project", required_argument, NULL, OPTION_PROJECT},
    {"user", no_argument, NULL, OPTION_USER},
    {"out", required_argument, NULL, OPTION_OUT},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool set_port(const char *name, const char *text, uint16_t *port, struct err *err)
{
    int64_t value = 0;
    if (!str_int(text, 0, UINT16_MAX, &value))
        return err_set(err, ERR_INPUT, "--%s %s: must be a number from 0 to 65535", name, text);
    *port = (uint16_t)value;
    return true;
}

/* An empty value is refused: it often comes from an unset variable in a script. */
static bool set_string(const char *name, const char *text, const char **value, struct err *err)
{
    if (str_empty(text))
        return err_set(err, ERR_INPUT, "--%s must not be empty", name);
    *value = text;
    return true;
}

static bool unknown(char **argv, struct err *err)
{
    const char *word = argv[optind - 1];
    for (size_t i = 0; known[i].name; i++)
        if (str_starts(word, "--") && str_equal(word + 2, known[i].name))
            return err_set(err, ERR_INPUT, "%s requires a value", word);
    return err_set(err, ERR_INPUT,
                   "%s is not an option of gcp-local, or has a value that it must not have", word);
}

static bool set_option(int option, char **argv, struct options *options, struct err *err)
{
    switch (option) {
    case OPTION_PORT:
        options->port_given = true;
        return set_port("port", optarg, &options->port, err);
    case OPTION_TLS_PORT:
        return set_port("tls-port", optarg, &options->tls_port, err);
    case OPTION_HOST:
        return set_string("host", optarg, &options->host, err);
    case OPTION_DATA_DIR:
        options->data_dir_given = true;
        return set_string("data-dir", optarg, &options->data_dir, err);
    case OPTION_IN_MEMORY:
        return options->in_memory = true;
    case OPTION_REQUIRE_AUTH:
        return options->require_auth = true;
    case OPTION_ALLOW_FETCH:
        return options->allow_fetch = true;
    case OPTION_MODEL:
        return set_string("model", optarg, &options->model, err);
    case OPTION_PROJECT:
        options->project_given = true;
        return set_string("project", optarg, &options->project, err);
    case OPTION_USER:
        return options->user = true;
    case OPTION_OUT:
        return set_string("out", optarg, &options->out, err);
    case OPTION_VERSION:
        options->command = COMMAND_VERSION;
        return true;
    case 'h':
        options->command = COMMAND_HELP;
        return true;
    default:
        return unknown(argv, err);
    }
}

/* The first word that is not an option is the command; the others are its arguments. */
static bool set_command(int count, char **words, struct options *options, struct err *err)
{
    static const struct {
        const char *name;
        enum command command;
        int max_args;
    } commands[] = {
        {"serve", COMMAND_SERVE, 0},
        {"env", COMMAND_ENV, 0},
        {"key", COMMAND_KEY, 2},
        {"reset", COMMAND_RESET, 0},
    };
    if (count == 0)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (!str_equal(words[0], commands[i].name))
            continue;
        if (count - 1 > commands[i].max_args)
            return err_set(err, ERR_INPUT, "%s: unexpected argument %s", words[0],
                           words[commands[i].max_args + 1]);
        options->command = commands[i].command;
        for (int w = 1; w < count; w++)
            options->args[w - 1] = words[w];
        return true;
    }
    return err_set(err, ERR_INPUT, "%s is not a command of gcp-local; commands are env, key, reset",
                   words[0]);
}

static bool check(const struct options *options, struct err *err)
{
    const char *verb = options->args[0], *account = options->args[1];
    bool creates = str_equal(verb, "create") && account,
         lists = str_equal(verb, "list") && !account;
    if (options->command == COMMAND_KEY && !creates && !lists)
        return err_set(err, ERR_INPUT,
                       "usage: gcp-local key create ACCOUNT, or gcp-local key list");
    if (options->in_memory && options->data_dir_given)
        return err_set(err, ERR_INPUT, "--in-memory and --data-dir cannot be combined");
    if (options->port != 0 && options->port == options->tls_port)
        return err_set(err, ERR_INPUT, "--port and --tls-port must differ");
    return true;
}

bool options_read(int argc, char **argv, struct options *options, struct err *err)
{
    *options = (struct options){
        .host = "127.0.0.1",
        .port = DEFAULT_PORT,
        .tls_port = DEFAULT_TLS_PORT,
        .data_dir = ".local/gcp",
        .project = env_str("GOOGLE_CLOUD_PROJECT", "demo"),
    };
    optind = 0; /* reset getopt: tests parse more than once */
    opterr = 0;
    int option;
    while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1)
        if (!set_option(option, argv, options, err))
            return false;
    if (options->command == COMMAND_HELP || options->command == COMMAND_VERSION)
        return true;
    return set_command(argc - optind, argv + optind, options, err) && check(options, err);
}
