/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of kn-local. */
#include "kn-local/cli/options.h"

#include "base/str.h"

#include <getopt.h>
#include <string.h>

const char kn_help[] =
    "usage: kn-local up [OPTION…]               run Knative here until SIGTERM or SIGINT\n"
    "       kn-local env [--data-dir DIR]       print exports that point kubectl, gcloud, gsutil\n"
    "                                           and the client libraries at it\n"
    "       kn-local convert [-w] -f PATH       print manifests of 2019 converted to today's\n"
    "\n"
    "Knative on this machine: channels, subscriptions, sources and services, which start with "
    "their\n"
    "first event; used with the real kubectl. Also a plugin of kn: `kn local up`.\n"
    "\n"
    "  -f, --file PATH     apply at start a manifest, or the manifests in a folder; `-` is\n"
    "                      standard input; may be repeated\n"
    "  -k, --kustomize DIR apply at start what `kubectl kustomize DIR` prints; may be repeated;\n"
    "                      needs kubectl 1.22 or newer\n"
    "  -w, --write         convert: rewrite the files in place\n"
    "  --data-dir DIR      keep all data in DIR (.local/kn)\n"
    "  --port N            HTTP port for events, on 127.0.0.1 (8484); 0 picks a free one\n"
    "  --api-port N        HTTPS port of the Kubernetes API, on 127.0.0.1 (8485), or 0\n"
    "  --gcp WHERE         Google Cloud: `local` (the default) starts gcp-local, `google` is\n"
    "                      Google itself, or the URL of a running emulator\n"
    "  --gcp-port N        HTTP port of gcp-local (8585), or 0\n"
    "  --gcp-tls-port N    its HTTPS port (8586), which gsutil needs, or 0\n"
    "  --model FILE        the weights of gcp-local's label model\n"
    "  --image NAME=COMMAND\n"
    "                      run COMMAND for images whose last path component is NAME; without it,\n"
    "                      the program of that name in the folder of kn-local or on PATH\n"
    "  --idle SECONDS      stop a service that gets no request for this time (60)\n"
    "  --durability WHAT   what an event that a channel on disk has accepted survives: loss of\n"
    "                      `power` (the default), or the end of the `process`, which is quicker\n"
    "  --channel-limit MIB refuse events with 507 while a channel on disk keeps so much (1024)\n"
    "  --drain SECONDS     let deliveries under way end for so long when kn-local stops (10)\n"
    "  -h, --help          print this\n"
    "  --version           print the version\n"
    "\n"
    "Pods that have ended stay for their logs: `kubectl get pods` does not show them, but\n"
    "`kubectl logs POD` and `kubectl logs -l serving.knative.dev/service=NAME` find them.\n"
    "\n"
    "convert keeps comments, order and blank lines, and does not change what is up to date. It\n"
    "reports objects and fields without a counterpart with file and line, and then writes "
    "nothing.\n"
    "See docs/migrate-2019.md.\n"
    "\n"
    "Environment: LOG_FORMAT (text, json), LOG_LEVEL.\n"
    "Exit codes: 0 success, 1 failure (such as a port in use), 2 bad arguments.\n";

enum {
    OPTION_DATA_DIR = 256,
    OPTION_PORT,
    OPTION_API_PORT,
    OPTION_GCP,
    OPTION_GCP_PORT,
    OPTION_GCP_TLS_PORT,
    OPTION_MODEL,
    OPTION_IMAGE,
    OPTION_IDLE,
    OPTION_DURABILITY,
    OPTION_CHANNEL_LIMIT,
    OPTION_DRAIN,
    OPTION_VERSION,
};

static const struct option known[] = {
    {"file", required_argument, NULL, 'f'},
    {"kustomize", required_argument, NULL, 'k'},
    {"write", no_argument, NULL, 'w'},
    {"data-dir", required_argument, NULL, OPTION_DATA_DIR},
    {"port", required_argument, NULL, OPTION_PORT},
    {"api-port", required_argument, NULL, OPTION_API_PORT},
    {"gcp", required_argument, NULL, OPTION_GCP},
    {"gcp-port", required_argument, NULL, OPTION_GCP_PORT},
    {"gcp-tls-port", required_argument, NULL, OPTION_GCP_TLS_PORT},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"image", required_argument, NULL, OPTION_IMAGE},
    {"idle", required_argument, NULL, OPTION_IDLE},
    {"durability", required_argument, NULL, OPTION_DURABILITY},
    {"channel-limit", required_argument, NULL, OPTION_CHANNEL_LIMIT},
    {"drain", required_argument, NULL, OPTION_DRAIN},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool read_port(const char *text, uint16_t *port, struct err *err)
{
    int64_t value = 0;
    if (!str_int(text, 0, UINT16_MAX, &value))
        return err_set(err, ERR_INPUT, "port %s: must be a number from 0 to 65535", text);
    *port = (uint16_t)value;
    return true;
}

static bool add_file(struct kn_options *options, int option, const char *path, struct err *err)
{
    if (options->file_count == KN_MAX_FILES)
        return err_set(err, ERR_INPUT, "-%c %s: at most %d files", option, path, KN_MAX_FILES);
    options->files[options->file_count++] = (struct kn_file){path, option == 'k'};
    return true;
}

/* Splits the argument at its first '='. */
static bool add_image(struct kn_options *options, char *text, struct err *err)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text || !equals[1])
        return err_set(err, ERR_INPUT, "--image %s: must be NAME=COMMAND", text);
    if (options->image_count == KN_MAX_IMAGES)
        return err_set(err, ERR_INPUT, "--image %s: at most %d images", text, KN_MAX_IMAGES);
    *equals = '\0';
    options->images[options->image_count++] = (struct serving_image){text, equals + 1};
    return true;
}

static bool read_option(int option, struct kn_options *options, struct err *err)
{
    switch (option) {
    case 'f':
    case 'k':
        return add_file(options, option, optarg, err);
    case 'w':
        options->write = true;
        return true;
    case OPTION_DATA_DIR:
        options->data_dir = optarg;
        return true;
    case OPTION_PORT:
        return read_port(optarg, &options->port, err);
    case OPTION_API_PORT:
        return read_port(optarg, &options->api_port, err);
    case OPTION_GCP:
        options->gcp = optarg;
        return true;
    case OPTION_GCP_PORT:
        return read_port(optarg, &options->gcp_port, err);
    case OPTION_GCP_TLS_PORT:
        return read_port(optarg, &options->gcp_tls_port, err);
    case OPTION_MODEL:
        options->model = optarg;
        return true;
    case OPTION_IMAGE:
        return add_image(options, optarg, err);
    case OPTION_IDLE:
        return str_int(optarg, 1, 86400, &options->idle_sec) ||
               err_set(err, ERR_INPUT, "--idle %s: must be seconds, from 1 to 86400", optarg);
    case OPTION_DURABILITY:
        options->sync = str_equal(optarg, "power");
        return options->sync || str_equal(optarg, "process") ||
               err_set(err, ERR_INPUT, "--durability %s: must be power or process", optarg);
    case OPTION_CHANNEL_LIMIT:
        return str_int(optarg, 1, 1 << 20, &options->channel_limit_mib) ||
               err_set(err, ERR_INPUT, "--channel-limit %s: must be MiB, from 1 to 1048576",
                       optarg);
    case OPTION_DRAIN:
        return str_int(optarg, 1, 3600, &options->drain_sec) ||
               err_set(err, ERR_INPUT, "--drain %s: must be seconds, from 1 to 3600", optarg);
    case OPTION_VERSION:
        options->command = KN_VERSION;
        return true;
    case 'h':
        options->command = KN_HELP;
        return true;
    default:
        return false;
    }
}

static bool read_command(const char *text, struct kn_options *options, struct err *err)
{
    static const struct {
        const char *name;
        enum kn_command command;
    } commands[] = {{"up", KN_UP},
                    {"env", KN_ENV},
                    {"convert", KN_CONVERT},
                    {"help", KN_HELP},
                    {"version", KN_VERSION}};
    const char *names[ARRAY_SIZE(commands)];
    if (str_equal(text, "render"))
        return err_set(err, ERR_INPUT,
                       "render was removed; print a kustomization with `kubectl kustomize DIR`, "
                       "apply it with `kn-local up -k DIR`");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        names[i] = commands[i].name;
        options->command = commands[i].command;
        if (str_equal(text, commands[i].name))
            return true;
    }
    const char *nearest = str_nearest(text, names, ARRAY_SIZE(commands));
    return err_set(err, ERR_INPUT, "unknown command %s%s%s", text, nearest ? "; did you mean " : "",
                   nearest ? nearest : "");
}

static bool check_convert(const struct kn_options *options, struct err *err)
{
    if (options->command != KN_CONVERT)
        return !options->write || options->command == KN_HELP ||
               err_set(err, ERR_INPUT, "-w can be used with convert only");
    if (options->file_count == 0)
        return err_set(err, ERR_INPUT,
                       "convert needs -f FILE, -f FOLDER, or -f - for standard input");
    for (size_t i = 0; i < options->file_count; i++)
        if (options->files[i].kustomization)
            return err_set(err, ERR_INPUT, "-k can be used with up only; use -f");
        else if (options->write && str_equal(options->files[i].path, "-"))
            return err_set(err, ERR_INPUT, "-w cannot be used with standard input; name the files");
    return true;
}

bool kn_options_read(int argc, char **argv, struct kn_options *options, struct err *err)
{
    *options = (struct kn_options){
        .command = KN_HELP,
        .data_dir = ".local/kn",
        .gcp = "local",
        .port = 8484,
        .api_port = 8485,
        .gcp_port = 8585,
        .gcp_tls_port = 8586,
        .idle_sec = 60,
        .sync = true,
        .channel_limit_mib = 1024,
        .drain_sec = 10,
    };
    bool commanded = argc > 1 && argv[1][0] != '-';
    if (commanded && !read_command(argv[1], options, err))
        return false;
    opterr = 0;
    optind = commanded ? 2 : 1;
    int option;
    while ((option = getopt_long(argc, argv, ":f:hk:w", known, NULL)) != -1) {
        if (option == '?' || option == ':')
            return err_set(err, ERR_INPUT, option == ':' ? "%s needs a value" : "unknown option %s",
                           argv[optind - 1]);
        if (!read_option(option, options, err))
            return false;
    }
    if (optind < argc)
        return err_set(err, ERR_INPUT, "unexpected argument %s", argv[optind]);
    return check_convert(options, err) &&
           (commanded || options->command == KN_VERSION || argc > 1 ||
            err_set(err, ERR_INPUT, "a command is missing: up, env or convert"));
}
