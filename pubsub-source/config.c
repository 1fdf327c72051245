/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of pubsub-source, from the environment and from flags, which take precedence.
 */
#include "pubsub-source/config.h"

#include "base/env.h"
#include "base/json/jread.h"
#include "base/str.h"
#include "net/url.h"
#include "pubsub-source/message_event.h"

#include <stdio.h>
#include <string.h>

enum setting {
    SINK,
    SUBSCRIPTION,
    TOPIC,
    PROJECT,
    FORM,
    MAX_MESSAGES,
    MAX_BYTES,
    MAX_DELIVERIES,
    TIMEOUT,
    SETTINGS,
};

static const struct {
    const char *flag, *variable, *alias, *fallback, *help; /* alias: another variable */
} settings[SETTINGS] = {
    [SINK] = {"--sink", "K_SINK", "SINK_URI", NULL, "URL to post events to"},
    [SUBSCRIPTION] = {"--subscription", "PUBSUB_SUBSCRIPTION", "GCPPUBSUB_SUBSCRIPTION_ID", NULL,
                      "subscription to pull, by id or full name"},
    [TOPIC] = {"--topic", "PUBSUB_TOPIC", "GCPPUBSUB_TOPIC", NULL,
               "topic to create the subscription on when it does not exist"},
    [PROJECT] = {"--project", "GOOGLE_CLOUD_PROJECT", "GCPPUBSUB_PROJECT", NULL,
                 "project (default: the credentials' project)"},
    [FORM] = {"--form", "EVENT_FORM", NULL, "messagePublished",
              "messagePublished, legacy, storage or raw"},
    [MAX_MESSAGES] = {"--max-messages", "MAX_MESSAGES", NULL, "1000",
                      "messages in flight: pulled, not yet acknowledged"},
    [MAX_BYTES] = {"--max-bytes", "MAX_BYTES", NULL, "67108864", "bytes of the messages in flight"},
    [MAX_DELIVERIES] = {"--max-deliveries", "MAX_DELIVERIES", NULL, "100", "parallel deliveries"},
    [TIMEOUT] = {"--timeout", "K_SINK_TIMEOUT", NULL, "300", "timeout of one delivery in seconds"},
};

static void print_help(void)
{
    puts(
        "usage: pubsub-source [--FLAG VALUE]...\n"
        "\n"
        "Pulls a Pub/Sub subscription and posts each message to a sink as a CloudEvent. A message\n"
        "is acknowledged when the sink answers 2xx; otherwise it is delivered again, after a\n"
        "growing delay.\n");
    for (size_t i = 0; i < SETTINGS; i++) {
        printf("  %-16s %s", settings[i].flag, settings[i].help);
        if (settings[i].fallback)
            printf(" (%s)", settings[i].fallback);
        printf("\n%19s%s%s%s\n", "", settings[i].variable, settings[i].alias ? " or " : "",
               settings[i].alias ? settings[i].alias : "");
    }
    puts("  --help, --version\n"
         "\n"
         "Other variables: K_CE_OVERRIDES ({\"extensions\":{\"name\":\"value\"}}), K_CA_CERTS "
         "(PEM\n"
         "for the sink), NAMESPACE, LOG_FORMAT (text, json), LOG_LEVEL (debug, info, warning, "
         "error),\n"
         "PUBSUB_EMULATOR_HOST, GOOGLE_APPLICATION_CREDENTIALS.\n"
         "\n"
         "Exit code: 0 after SIGTERM or SIGINT, 2 when the configuration is not valid.");
}

static bool is_set(const char *name)
{
    return name && env_str(name, NULL);
}

static void read_environment(const char *values[SETTINGS])
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *name = is_set(settings[i].variable) ? settings[i].variable : settings[i].alias;
        values[i] = name ? env_str(name, settings[i].fallback) : settings[i].fallback;
    }
}

/* The index of the setting with this flag; SETTINGS when there is none. */
static size_t find_flag(const char *flag, size_t len)
{
    size_t i = 0;
    while (i < SETTINGS &&
           (strlen(settings[i].flag) != len || memcmp(settings[i].flag, flag, len) != 0))
        i++;
    return i;
}

static bool unknown_flag(const char *text, struct err *err)
{
    OWN(free) char *flag = str_copy_bytes((struct bytes){text, strcspn(text, "=")});
    const char *names[SETTINGS];
    for (size_t i = 0; i < SETTINGS; i++)
        names[i] = settings[i].flag;
    const char *nearest = str_nearest(flag, names, SETTINGS);
    return err_set(err, ERR_INPUT, "unknown option %s%s%s", flag, nearest ? "; did you mean " : "",
                   nearest ? nearest : "; see --help");
}

/* Reads "--flag value" and "--flag=value". */
static bool read_flags(int argc, char **argv, const char *values[SETTINGS], struct err *err)
{
    for (int i = 1; i < argc; i++) {
        size_t len = strcspn(argv[i], "=");
        size_t setting = find_flag(argv[i], len);
        if (setting == SETTINGS)
            return unknown_flag(argv[i], err);
        const char *value = argv[i][len] ? argv[i] + len + 1 : i + 1 < argc ? argv[++i] : "";
        if (!*value)
            return err_set(err, ERR_INPUT, "%s needs a value", settings[setting].flag);
        values[setting] = value;
    }
    return true;
}

static bool read_number(const char *const values[SETTINGS], enum setting setting, int64_t low,
                        int64_t high, int64_t *number, struct err *err)
{
    return str_int(values[setting], low, high, number) ||
           err_set(err, ERR_INPUT, "%s is %s, want a whole number from %lld to %lld",
                   settings[setting].variable, values[setting], (long long)low, (long long)high);
}

static bool read_numbers(const char *const values[SETTINGS], struct pubsub_source_config *config,
                         struct err *err)
{
    int64_t messages, bytes, deliveries, seconds;
    if (!read_number(values, MAX_MESSAGES, 1, 1000000, &messages, err) ||
        !read_number(values, MAX_BYTES, 1, (int64_t)1 << 40, &bytes, err) ||
        !read_number(values, MAX_DELIVERIES, 1, 10000, &deliveries, err) ||
        !read_number(values, TIMEOUT, 1, 86400, &seconds, err))
        return false;
    config->max_messages = (size_t)messages;
    config->max_bytes = (size_t)bytes;
    config->max_deliveries = (size_t)deliveries;
    config->timeout_ms = (long)seconds * 1000;
    return true;
}

static bool read_form(const char *text, enum event_form *form, struct err *err)
{
    static const char *const names[] = {
        [EVENT_FORM_MESSAGE_PUBLISHED] = "messagePublished",
        [EVENT_FORM_LEGACY] = "legacy",
        [EVENT_FORM_STORAGE] = "storage",
        [EVENT_FORM_RAW] = "raw",
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_equal_any_case(text, names[i])) {
            *form = (enum event_form)i;
            return true;
        }
    return err_set(err, ERR_INPUT,
                   "EVENT_FORM is %s, want messagePublished, legacy, storage or raw", text);
}

static bool read_sink(const char *text, const char **sink, struct err *err)
{
    if (!text)
        return err_set(err, ERR_INPUT, "K_SINK is missing; set the URL to post events to");
    OWN(url) struct url url = {0};
    if (!url_parse(text, &url))
        return err_set(err, ERR_INPUT,
                       "K_SINK is %s, want a URL that starts with http:// or https://", text);
    *sink = text;
    return true;
}

static bool read_overrides(json_t **extensions, struct err *err)
{
    static const char *const known[] = {"extensions"};
    const char *text = env_str("K_CE_OVERRIDES", NULL);
    if (!text)
        return true;
    json_auto_t *tree = json_from_bytes(bytes_of(text), "K_CE_OVERRIDES", ERR_INPUT, err);
    if (!tree)
        return false;
    struct jread top = jread_open(tree, "K_CE_OVERRIDES", ERR_INPUT, err);
    jread_only(&top, known, ARRAY_SIZE(known));
    struct jread list = jread_obj_or_empty(&top, "extensions");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)list.here, name, value)
    {
        jread_str(&list, name);
        if (!message_event_extension_valid(name))
            jread_fail(&list, name, "is not an extension name, want lower-case letters and digits");
    }
    if (!jread_ok(&top))
        return false;
    *extensions = json_incref((json_t *)(uintptr_t)list.here);
    return true;
}

static bool handle_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (str_equal(argv[i], "--version"))
            return puts("pubsub-source " VERSION) >= 0;
        if (str_equal(argv[i], "--help") || str_equal(argv[i], "-h")) {
            print_help();
            return true;
        }
    }
    return false;
}

bool pubsub_source_config_read(int argc, char **argv, struct pubsub_source_config *config,
                               bool *handled, struct err *err)
{
    *handled = handle_help(argc, argv);
    if (*handled)
        return true;

    const char *values[SETTINGS];
    read_environment(values);
    if (!read_flags(argc, argv, values, err))
        return false;
    *config = (struct pubsub_source_config){
        .project = values[PROJECT],
        .subscription = values[SUBSCRIPTION],
        .topic = values[TOPIC],
        .ca_certs = env_str("K_CA_CERTS", NULL),
        .namespace = env_str("NAMESPACE", NULL),
        .emulated = env_str("PUBSUB_EMULATOR_HOST", NULL) != NULL,
    };
    if (!config->subscription)
        return err_set(err, ERR_INPUT,
                       "PUBSUB_SUBSCRIPTION is missing; set the subscription to pull");
    return read_sink(values[SINK], &config->sink, err) &&
           read_form(values[FORM], &config->form, err) && read_numbers(values, config, err) &&
           read_overrides(&config->extensions, err);
}

void pubsub_source_config_done(struct pubsub_source_config *config)
{
    json_decref(config->extensions);
    *config = (struct pubsub_source_config){0};
}
