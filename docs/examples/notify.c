/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads text to a new bucket and waits for the notification from Pub/Sub:  notify BUCKET
 *
 *     cc notify.c -o notify $(pkg-config --cflags --libs libgcp)
 */
#include <gcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Creates a topic and a subscription with the name of the bucket, and a bucket that publishes to
 * it. */
static bool prepare(struct gcp *gcp, const char *bucket, struct err *err)
{
    return gcp_topic_create(gcp, bucket, err) &&
           gcp_subscription_create(gcp, bucket, bucket, NULL, err) &&
           gcp_bucket_create(gcp, bucket, err) &&
           gcp_notification_create(gcp, bucket, bucket, "OBJECT_FINALIZE", NULL, NULL, err);
}

static bool upload(struct gcp *gcp, const char *bucket, struct err *err)
{
    static const char text[] = "Hello World";
    struct bytes data = {text, strlen(text)};
    struct gcp_object object = {0};
    bool ok = gcp_storage_upload(gcp, bucket, "greetings/hello world.txt", "text/plain", data, 0,
                                 &object, err);
    if (ok)
        printf("uploaded %s, %s\n", object.name, object.md5);
    gcp_object_done(&object);
    return ok;
}

/* Prints the change of an object, and its content. */
static bool show(struct gcp *gcp, const struct gcp_message *message, struct err *err)
{
    struct gcp_object_event event = {0};
    char *uri = NULL, *data = NULL;
    size_t len = 0;
    bool ok = gcp_object_event_from_message(message, &event, err) &&
              (uri = gcp_storage_uri(event.bucket, event.object, err)) != NULL &&
              gcp_storage_download(gcp, event.bucket, event.object, event.generation, 1000, &data,
                                   &len, err);
    if (ok)
        printf("%s %s: %s\n", event.type, uri, data);
    gcp_object_event_done(&event);
    free(uri);
    free(data);
    return ok;
}

/* Waits for the first message. */
static bool hear(struct gcp *gcp, const char *subscription, struct err *err)
{
    struct gcp_messages messages = {0};
    bool ok = true;
    while (ok && messages.count == 0)
        ok = gcp_pull(gcp, subscription, 1, &messages, err);
    if (ok) {
        const char *ids[] = {messages.list[0].ack_id};
        ok = show(gcp, &messages.list[0], err) && gcp_acknowledge(gcp, subscription, ids, 1, err);
    }
    gcp_messages_done(&messages);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: notify BUCKET\n");
        return 2;
    }
    struct err err = {0};
    struct gcp *gcp = gcp_from_env(GCP_PUBSUB | GCP_STORAGE, &err);
    bool ok = gcp && prepare(gcp, argv[1], &err) && upload(gcp, argv[1], &err) &&
              hear(gcp, argv[1], &err);
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
    gcp_close(gcp);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
