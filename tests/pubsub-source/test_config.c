/* SPDX-License-Identifier: Apache-2.0 */
/* pubsub-source: its configuration from variables and flags. */
#include "base/str.h"
#include "pubsub-source/config.h"
#include "tests/helpers/test.h"

#include <string.h>

static void clear_environment(void)
{
    static const char *const names[] = {
        "K_SINK",
        "SINK_URI",
        "PUBSUB_SUBSCRIPTION",
        "GCPPUBSUB_SUBSCRIPTION_ID",
        "PUBSUB_TOPIC",
        "GCPPUBSUB_TOPIC",
        "GOOGLE_CLOUD_PROJECT",
        "GCPPUBSUB_PROJECT",
        "EVENT_FORM",
        "MAX_MESSAGES",
        "MAX_BYTES",
        "MAX_DELIVERIES",
        "K_SINK_TIMEOUT",
        "K_CE_OVERRIDES",
        "K_CA_CERTS",
        "NAMESPACE",
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        unsetenv(names[i]);
}

/* Sets "NAME=value"s and reads; NULL ends the list of each. */
static struct err read_with(const char *const variables[], const char *const flags[],
                            struct pubsub_source_config *config)
{
    clear_environment();
    for (size_t i = 0; variables[i]; i++) {
        OWN(free) char *name = str_copy(variables[i]);
        char *equals = strchr(name, '=');
        *equals = '\0';
        setenv(name, equals + 1, 1);
    }
    char *argv[10] = {(char *)(uintptr_t) "pubsub-source"};
    int argc = 1;
    for (; flags && flags[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)flags[argc - 1];
    bool handled;
    struct err err = {0};
    bool ok = pubsub_source_config_read(argc, argv, config, &handled, &err);
    EXPECT_INT(ok, err.status == 0);
    EXPECT(!handled);
    return err;
}

TEST(sink_and_subscription_are_enough)
{
    OWN(pubsub_source_config) struct pubsub_source_config config = {0};
    struct err err =
        read_with((const char *const[]){"K_SINK=http://sink/x", "PUBSUB_SUBSCRIPTION=s", NULL},
                  NULL, &config);
    EXPECT_STR(err.text, "");
    EXPECT_STR(config.sink, "http://sink/x");
    EXPECT_STR(config.subscription, "s");
    EXPECT(config.topic == NULL && config.project == NULL && config.extensions == NULL);
    EXPECT_INT(config.form, EVENT_FORM_MESSAGE_PUBLISHED);
    EXPECT_INT(config.max_messages, 1000);
    EXPECT_INT(config.timeout_ms, 300000);
}

TEST(the_variables_of_2019_are_read)
{
    OWN(pubsub_source_config) struct pubsub_source_config config = {0};
    struct err err = read_with((const char *const[]){"SINK_URI=http://sink", "GCPPUBSUB_PROJECT=p",
                                                     "GCPPUBSUB_TOPIC=testing",
                                                     "GCPPUBSUB_SUBSCRIPTION_ID=s", NULL},
                               NULL, &config);
    EXPECT_STR(err.text, "");
    EXPECT_STR(config.sink, "http://sink");
    EXPECT_STR(config.project, "p");
    EXPECT_STR(config.topic, "testing");
    EXPECT_STR(config.subscription, "s");
}

TEST(flags_precede_variables)
{
    OWN(pubsub_source_config) struct pubsub_source_config config = {0};
    struct err err = read_with((const char *const[]){"K_SINK=http://sink", "PUBSUB_SUBSCRIPTION=s",
                                                     "EVENT_FORM=raw", "MAX_MESSAGES=7", NULL},
                               (const char *const[]){"--sink=http://other?a=b", "--form", "legacy",
                                                     "--max-deliveries", "3", NULL},
                               &config);
    EXPECT_STR(err.text, "");
    EXPECT_STR(config.sink, "http://other?a=b");
    EXPECT_INT(config.form, EVENT_FORM_LEGACY);
    EXPECT_INT(config.max_messages, 7);
    EXPECT_INT(config.max_deliveries, 3);
}

TEST(overrides_are_read)
{
    OWN(pubsub_source_config) struct pubsub_source_config config = {0};
    read_with((const char *const[]){"K_SINK=http://s", "PUBSUB_SUBSCRIPTION=s",
                                    "K_CE_OVERRIDES={\"extensions\":{\"a\":\"1\"}}", NULL},
              NULL, &config);
    EXPECT_STR(json_string_value(json_object_get(config.extensions, "a")), "1");
}

TEST(each_error_is_one_line)
{
    static const struct {
        const char *variable, *flag, *text;
    } rows[] = {
        {"PUBSUB_SUBSCRIPTION=", NULL,
         "PUBSUB_SUBSCRIPTION is missing; set the subscription to pull"},
        {"K_SINK=", NULL, "K_SINK is missing; set the URL to post events to"},
        {"K_SINK=sink:80", NULL,
         "K_SINK is sink:80, want a URL that starts with http:// or https://"},
        {"EVENT_FORM=xml", NULL,
         "EVENT_FORM is xml, want messagePublished, legacy, storage or raw"},
        {"MAX_MESSAGES=0", NULL, "MAX_MESSAGES is 0, want a whole number from 1 to 1000000"},
        {"K_SINK_TIMEOUT=5s", NULL, "K_SINK_TIMEOUT is 5s, want a whole number from 1 to 86400"},
        {"K_CE_OVERRIDES={", NULL, "K_CE_OVERRIDES: is not valid JSON"},
        {"K_CE_OVERRIDES={\"extension\":{}}", NULL, "did you mean extensions?"},
        {"K_CE_OVERRIDES={\"extensions\":{\"a\":1}}", NULL,
         "K_CE_OVERRIDES: extensions.a is a number, want a string"},
        {"K_CE_OVERRIDES={\"extensions\":{\"A-b\":\"1\"}}", NULL,
         "extensions.A-b is not an extension name, want lower-case letters and digits"},
        {"K_CE_OVERRIDES={\"extensions\":{\"type\":\"1\"}}", NULL,
         "extensions.type is not an extension name"},
        {"X=", "--sync=x", "unknown option --sync; did you mean --sink"},
        {"X=", "--sink", "--sink needs a value"},
        {"X=", "--sink=", "--sink needs a value"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(pubsub_source_config) struct pubsub_source_config config = {0};
        const char *const variables[] = {"K_SINK=http://sink", "PUBSUB_SUBSCRIPTION=s",
                                         rows[i].variable, NULL};
        const char *const flags[] = {rows[i].flag, NULL};
        struct err err = read_with(variables, flags, &config);
        EXPECT_INT(err.status, ERR_INPUT);
        EXPECT_HAS(err.text, rows[i].text);
    }
}
