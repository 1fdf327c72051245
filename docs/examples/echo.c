/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes TEXT to a new Pub/Sub topic and pulls it:  echo TEXT
 *
 *     cc echo.c -o echo $(pkg-config --cflags --libs libgcp)
 *     PUBSUB_EMULATOR_HOST=localhost:8585 GOOGLE_CLOUD_PROJECT=demo ./echo hello
 */
#include <gcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Creates topic and subscription; they may exist. */
static bool prepare(struct gcp *gcp, struct err *err)
{
    struct err topic = {0}, subscription = {0};
    if (!gcp_topic_create(gcp, "echo", &topic) && topic.status != ERR_CONFLICT) {
        *err = topic;
        return false;
    }
    if (!gcp_subscription_create(gcp, "echo", "echo", NULL, &subscription) &&
        subscription.status != ERR_CONFLICT) {
        *err = subscription;
        return false;
    }
    return true;
}

static bool publish(struct gcp *gcp, const char *text, struct err *err)
{
    struct gcp_field attributes[] = {{"from", "echo.c"}};
    struct gcp_publication message = {
        .data = {text, strlen(text)},
        .attributes = attributes,
        .attribute_count = 1,
    };
    struct gcp_names ids = {0};
    bool ok = gcp_publish(gcp, "echo", &message, 1, &ids, err);
    gcp_names_done(&ids);
    return ok;
}

/* Prints and acknowledges the messages. */
static bool take(struct gcp *gcp, bool *got, struct err *err)
{
    struct gcp_messages messages = {0};
    bool ok = gcp_pull(gcp, "echo", 10, &messages, err);
    for (size_t i = 0; ok && i < messages.count; i++) {
        const struct gcp_message *message = &messages.list[i];
        const char *from = gcp_message_attribute(message, "from");
        printf("%s: %s\n", from ? from : "somebody", message->data ? message->data : "");
        const char *ids[] = {message->ack_id};
        ok = gcp_acknowledge(gcp, "echo", ids, 1, err);
        *got = true;
    }
    gcp_messages_done(&messages);
    return ok;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct gcp *gcp = gcp_from_env(GCP_PUBSUB, &err);
    bool got = false;
    bool ok = gcp && prepare(gcp, &err) && publish(gcp, argc > 1 ? argv[1] : "hello", &err);
    while (ok && !got)
        ok = take(gcp, &got, &err);
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
    gcp_close(gcp);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
