/* SPDX-License-Identifier: Apache-2.0 */
/* libgcp: Google Cloud from C: Pub/Sub, Storage, Vision, Translation, and the events that they
 * send.
 *
 *     struct err err = {0};
 *     struct gcp *gcp = gcp_from_env(GCP_VISION, &err);
 *     struct gcp_labels labels = {0};
 *     if (gcp && gcp_vision_labels(gcp, "gs://bucket/beach.jpg", 10, &labels, &err))
 *         for (size_t i = 0; i < labels.count; i++)
 *             printf("%s %.2f\n", labels.list[i].description, labels.list[i].score);
 *     else
 *         fprintf(stderr, "%s\n", err.text);
 *     gcp_labels_done(&labels);
 *     gcp_close(gcp);
 *
 * Errors. A function that can fail returns bool or a pointer, and takes a `struct err` that must be
 * all zero. On failure it contains one line of text without secrets, a status and, when Google sent
 * one, the error's name in `reason` ("ALREADY_EXISTS"). The status is the HTTP status of Google's
 * response, with these exceptions: ERR_UNAVAILABLE (503) when the call may succeed later, with
 * retry_after_sec if Google gave a time; ERR_UPSTREAM (502) for a response that is not valid;
 * ERR_CONFLICT (409) for a failed precondition. Vision and Translation functions are meant for
 * event handlers, which pass on their status. They fail only with ERR_INPUT (400: this picture or
 * text can never succeed), ERR_INTERNAL (500: credentials or permissions must be changed), 502 and
 * 503.
 *
 * Ownership. Parameters are borrowed and may be freed after the call. A result struct must be all
 * zero before the call, and freed by its gcp_..._done afterwards, also when the call failed. char *
 * results are for free(). All strings are UTF-8.
 *
 * Threads. Any number of threads may share a struct gcp, its connections and access tokens. Each
 * call blocks until it is complete. gcp_close must be the last call.
 *
 * Retries. Idempotent calls are repeated as Google's guidance says: after lost connections, 408,
 * 429 and 5xx, with exponential backoff and jitter, respecting Retry-After, within a deadline. */
#ifndef GCP_GCP_H
#define GCP_GCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/bytes.h"
#include "base/err.h"

#pragma GCC visibility push(default) /* the library hides everything else */

struct gcp;

/* The APIs; combine them with |. */
enum gcp_api { GCP_PUBSUB = 1, GCP_STORAGE = 2, GCP_VISION = 4, GCP_TRANSLATE = 8 };

/* Zero and NULL mean the environment's setting, or else the default. */
struct gcp_options {
    unsigned apis;             /* enum gcp_api: which will be called; 0 = all of them */
    const char *project;       /* NULL = the first of GOOGLE_CLOUD_PROJECT, GCLOUD_PROJECT, the
                                * credentials', gcloud's, the metadata server's */
    const char *quota_project; /* to bill; NULL = GOOGLE_CLOUD_QUOTA_PROJECT, credentials' */
    const char *credentials;   /* file; NULL = GOOGLE_APPLICATION_CREDENTIALS, gcloud's file, the
                                * metadata server */
    const char *user_agent;    /* NULL = "libgcp/VERSION" */
    long timeout_ms;           /* of one attempt; 0 = 60,000 */
    long deadline_ms;          /* of a call with all its attempts; 0 = 60,000 */
    bool translate_v3;         /* use v3 of the Translation API, which needs a project; also set by
                                * TRANSLATE_API=v3. Default: v2 */
    const char *translate_place; /* location for v3, e.g. "us-central1"; NULL = global */
};

/* Finds and reads project and credentials, so that errors in them show now and not with the first
 * call. Fails with ERR_INPUT; err names file, field and remedy.
 *
 * PUBSUB_EMULATOR_HOST, STORAGE_EMULATOR_HOST, VISION_EMULATOR_HOST and TRANSLATE_EMULATOR_HOST
 * (host:port or http://host:port) name an emulator of an API, which is called without credentials.
 * When each of options->apis has an emulator, no credentials are needed.
 * CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB (_STORAGE, _VISION, _TRANSLATE), as in gcloud, is a URL
 * that is called with credentials instead of Google's. A project named demo-... never reaches
 * Google: gcp_open fails when an API has neither an emulator nor an override.
 *
 * options may be NULL. */
struct gcp *gcp_open(const struct gcp_options *options, struct err *err);
struct gcp *gcp_from_env(unsigned apis, struct err *err);
void gcp_close(struct gcp *gcp);

/* The project; NULL when unknown. Borrowed, as are the next two. */
const char *gcp_project(const struct gcp *gcp);

/* The source of the credentials, for a log: a path, the metadata server's URL, or "none". */
const char *gcp_credentials(const struct gcp *gcp);

/* A warning for the user, e.g. that others can read the key file; NULL = none. */
const char *gcp_warning(const struct gcp *gcp);

/* A name and its value, borrowed. */
struct gcp_field {
    const char *name, *value;
};

/* A name and its value, owned by the containing struct. */
struct gcp_attribute {
    char *name, *value;
};

/* Names or ids. All zero is empty. */
struct gcp_names {
    char **list;
    size_t count;
};

void gcp_names_done(struct gcp_names *names);

/* A received message. All zero is empty. */
struct gcp_message {
    char *data; /* len bytes and a NUL; NULL = no data */
    size_t len;
    char *data_error; /* why the data could not be decoded, e.g. "message.data is not base64"; then
                       * data is NULL. Only gcp_message_from_envelope sets it */
    struct gcp_attribute *attributes;
    size_t attribute_count;
    char *id, *publish_time; /* RFC 3339; NULL when the envelope has none */
    char *ordering_key;      /* NULL = none */
    char *subscription;      /* as in the envelope; NULL when unknown */
    char *ack_id;            /* of a pulled message, else NULL */
    int delivery_attempt;    /* 0 = not counted */
};

void gcp_message_done(struct gcp_message *message);
struct bytes gcp_message_data(const struct gcp_message *message);

/* The value of an attribute; NULL when absent. Prefers an exact match of the name, but ignores
 * case, as some envelopes do not keep it. */
const char *gcp_message_attribute(const struct gcp_message *message, const char *name);

struct gcp_messages {
    struct gcp_message *list;
    size_t count;
};

void gcp_messages_done(struct gcp_messages *messages);

/* A message to publish; must have data or an attribute. */
struct gcp_publication {
    struct bytes data;
    const struct gcp_field *attributes;
    size_t attribute_count;
    const char *ordering_key; /* NULL = none */
};

/* Publishes messages, in several requests when Google's limits require it (1,000 messages, 10 MB,
 * one ordering key). ids receives the message ids in order; after a failure, the ids of the
 * messages that were published, so ids->count is the index to continue from. A retry may publish a
 * message twice. */
bool gcp_publish(struct gcp *gcp, const char *topic, const struct gcp_publication *messages,
                 size_t count, struct gcp_names *ids, struct err *err);

/* Waits for messages (at Google, up to about 90 s) and returns up to max_messages. The result may
 * be empty: pull again. */
bool gcp_pull(struct gcp *gcp, const char *subscription, int max_messages,
              struct gcp_messages *messages, struct err *err);

/* Acknowledges messages. Expired ids are not an error. */
bool gcp_acknowledge(struct gcp *gcp, const char *subscription, const char *const *ack_ids,
                     size_t count, struct err *err);

/* Sets the ack deadline to `seconds` from now, 0 to 600; 0 = deliver the messages again. */
bool gcp_modify_ack_deadline(struct gcp *gcp, const char *subscription, const char *const *ack_ids,
                             size_t count, int seconds, struct err *err);

/* ERR_CONFLICT when the topic exists. */
bool gcp_topic_create(struct gcp *gcp, const char *topic, struct err *err);
bool gcp_topic_delete(struct gcp *gcp, const char *topic, struct err *err);

/* ERR_NOT_FOUND when the topic does not exist. */
bool gcp_topic_get(struct gcp *gcp, const char *topic, struct err *err);

/* The full names of the project's topics or subscriptions. */
bool gcp_topic_list(struct gcp *gcp, struct gcp_names *names, struct err *err);
bool gcp_subscription_list(struct gcp *gcp, struct gcp_names *names, struct err *err);

/* Settings of a new subscription. Zero and NULL mean Google's default. */
struct gcp_subscription_options {
    int ack_deadline_sec; /* 10 to 600; default 10 */
    bool ordered;         /* delivers messages with the same ordering key in order */
    const char *filter;   /* e.g. "attributes.eventType = \"OBJECT_FINALIZE\"" */
    int retention_sec;
    int least_backoff_sec, most_backoff_sec; /* delay of redeliveries; 0 and 0 = no retry policy */
    const char *dead_letter_topic;           /* id or full name */
    int most_attempts;                       /* deliveries before the dead letter topic, 5 to 100 */
    const char *push_endpoint;               /* a URL; NULL = pull */
    const char *push_service_account;        /* identity in push tokens; NULL = no tokens */
    const char *push_audience;               /* of push tokens; NULL = the endpoint */
};

/* options may be NULL. ERR_CONFLICT when the subscription exists, ERR_NOT_FOUND when the topic does
 * not. */
bool gcp_subscription_create(struct gcp *gcp, const char *subscription, const char *topic,
                             const struct gcp_subscription_options *options, struct err *err);
bool gcp_subscription_delete(struct gcp *gcp, const char *subscription, struct err *err);

/* An existing subscription. All zero is empty. */
struct gcp_subscription {
    char *name;  /* full name */
    char *topic; /* full name; "_deleted-topic_" after the topic was deleted */
    int ack_deadline_sec;
    bool ordered;
    char *filter;            /* NULL = none */
    char *dead_letter_topic; /* NULL = none */
    char *push_endpoint;     /* NULL = pull */
};

void gcp_subscription_done(struct gcp_subscription *subscription);
bool gcp_subscription_get(struct gcp *gcp, const char *name, struct gcp_subscription *subscription,
                          struct err *err);

/* "gs://bucket/object", not percent-encoded. NULL and ERR_INPUT when a name is NULL or breaks
 * Google's rules. */
char *gcp_storage_uri(const char *bucket, const char *object, struct err *err);

/* "https://storage.googleapis.com/bucket/object", percent-encoded. Fails as gcp_storage_uri does.
 */
char *gcp_storage_url(const char *bucket, const char *object, struct err *err);

/* An object's metadata. All zero is empty. */
struct gcp_object {
    char *bucket, *name;
    char *content_type; /* NULL = none */
    int64_t generation, metageneration;
    uint64_t size;
    char *md5, *crc32c; /* base64; NULL when absent */
    char *updated;      /* RFC 3339 */
};

void gcp_object_done(struct gcp_object *object);

enum { GCP_ANY_GENERATION = -1 };

/* Uploads an object. generation is the version to replace: 0 = the object must not exist
 * (ERR_CONFLICT if it does), GCP_ANY_GENERATION = any version; then the call is not retried. object
 * receives the metadata and may be NULL. */
bool gcp_storage_upload(struct gcp *gcp, const char *bucket, const char *name,
                        const char *content_type, struct bytes data, int64_t generation,
                        struct gcp_object *object, struct err *err);

/* Downloads an object of at most max bytes (else ERR_TOO_LARGE) into *data, for free(); a NUL
 * follows the *len bytes. GCP_ANY_GENERATION = the live version. */
bool gcp_storage_download(struct gcp *gcp, const char *bucket, const char *name, int64_t generation,
                          size_t max, char **data, size_t *len, struct err *err);

bool gcp_storage_get(struct gcp *gcp, const char *bucket, const char *name,
                     struct gcp_object *object, struct err *err);

/* generation is as in gcp_storage_upload, but not 0. */
bool gcp_storage_delete(struct gcp *gcp, const char *bucket, const char *name, int64_t generation,
                        struct err *err);

/* The names of the objects whose names start with prefix; NULL = all. */
bool gcp_storage_list(struct gcp *gcp, const char *bucket, const char *prefix,
                      struct gcp_names *names, struct err *err);

/* Creates a bucket in gcp_project(). ERR_CONFLICT when the name is in use. */
bool gcp_bucket_create(struct gcp *gcp, const char *bucket, struct err *err);

/* Creates a notification configuration: the bucket publishes changes of its objects to topic.
 * event_types is "OBJECT_FINALIZE", "OBJECT_DELETE", ... or several joined by commas; NULL = all.
 * prefix NULL = all objects. *id, for free(), is the id of the configuration; id may be NULL. Not
 * retried, as that could create a second configuration. */
bool gcp_notification_create(struct gcp *gcp, const char *bucket, const char *topic,
                             const char *event_types, const char *prefix, char **id,
                             struct err *err);
bool gcp_notification_delete(struct gcp *gcp, const char *bucket, const char *id, struct err *err);

struct gcp_notification {
    char *id;
    char *topic;       /* "projects/P/topics/T" */
    char *event_types; /* joined by commas; NULL = all */
    char *prefix;      /* NULL = all objects */
};

struct gcp_notifications {
    struct gcp_notification *list;
    size_t count;
};

void gcp_notifications_done(struct gcp_notifications *notifications);
bool gcp_notification_list(struct gcp *gcp, const char *bucket,
                           struct gcp_notifications *notifications, struct err *err);

struct gcp_label {
    char *description; /* "Sea" */
    char *mid;         /* id in Google's Knowledge Graph, e.g. "/m/06npx"; NULL when absent */
    double score;      /* 0 to 1 */
};

/* Labels in Google's order. All zero is empty. */
struct gcp_labels {
    struct gcp_label *list;
    size_t count;
};

void gcp_labels_done(struct gcp_labels *labels);

/* Up to max_labels labels of the picture at "gs://bucket/object" (not percent-encoded) or
 * "https://...". The result may be empty. */
bool gcp_vision_labels(struct gcp *gcp, const char *uri, int max_labels, struct gcp_labels *labels,
                       struct err *err);

/* The same for the bytes of a picture file, at most 7.5 MB. */
bool gcp_vision_labels_of(struct gcp *gcp, struct bytes picture, int max_labels,
                          struct gcp_labels *labels, struct err *err);

struct gcp_translation {
    char *text;
    char *detected; /* the detected language when `from` was empty, else NULL */
};

void gcp_translation_done(struct gcp_translation *translation);

/* Translates plain text. Languages are codes such as "en" or "zh-TW"; `from` NULL or "" = detect.
 */
bool gcp_translate(struct gcp *gcp, const char *text, const char *from, const char *to,
                   struct gcp_translation *translation, struct err *err);

struct gcp_language {
    char *code;        /* "es" */
    char *name;        /* "Spanish"; NULL without a display language */
    double confidence; /* of a detection, 0 to 1 */
};

struct gcp_languages {
    struct gcp_language *list;
    size_t count;
};

void gcp_languages_done(struct gcp_languages *languages);

/* The possible languages of a text, most likely first. */
bool gcp_translate_detect(struct gcp *gcp, const char *text, struct gcp_languages *languages,
                          struct err *err);

/* The supported languages, with names in the language `display`; NULL = codes only. */
bool gcp_translate_languages(struct gcp *gcp, const char *display, struct gcp_languages *languages,
                             struct err *err);

/* A received CloudEvent, or an HTTP request that is not one. All members are borrowed. */
struct gcp_envelope {
    const char *content_type; /* of the body; NULL when absent */
    struct bytes body;        /* the event's data, or the request's body */

    /* Of a CloudEvent, else NULL. */
    const char *type, *source, *subject, *id, *time;
    const struct gcp_field *extensions; /* names in lower case */
    size_t extension_count;

    const struct gcp_field *headers; /* of a request that is not a CloudEvent */
    size_t header_count;
};

/* Extracts the Pub/Sub message. For any other event, data is the body. ERR_INPUT when the envelope
 * is empty, or has the type or members of a message but is not valid. Data that cannot be decoded
 * is not an error: it sets message->data_error. */
bool gcp_message_from_envelope(const struct gcp_envelope *envelope, struct gcp_message *message,
                               struct err *err);

/* A change of an object. All zero is empty. */
struct gcp_object_event {
    char *type;   /* "OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_ARCHIVE", "OBJECT_METADATA_UPDATE";
                   * NULL = not a Storage notification */
    char *bucket; /* may be NULL, as object: gcp_storage_uri fails then */
    char *object; /* not percent-encoded */
    int64_t generation; /* 0 when absent */
};

void gcp_object_event_done(struct gcp_object_event *event);

/* Extracts a Storage notification; event->type is NULL when the envelope has none. Fails as
 * gcp_message_from_envelope does, and when the data cannot be decoded. */
bool gcp_object_event_from_envelope(const struct gcp_envelope *envelope,
                                    struct gcp_object_event *event, struct err *err);

/* The same for a pulled message. */
bool gcp_object_event_from_message(const struct gcp_message *message,
                                   struct gcp_object_event *event, struct err *err);

struct gcp_push;

/* Opens a verifier of push tokens as configured by PUSH_AUDIENCE (when not set, *push is NULL and
 * requests need no token), PUSH_EMAIL (the required service account; default: any) and
 * PUSH_JWKS_URL (default: Google's keys). ERR_INPUT when a value is not valid. */
bool gcp_push_open(struct gcp_push **push, struct err *err);

/* Checks the value of a request's Authorization header (NULL when absent): signature, issuer,
 * audience, time, account. ERR_UNAUTHORIZED: the token is missing or not valid (answer 401 with
 * WWW-Authenticate: Bearer); ERR_FORBIDDEN: a valid token of another account; ERR_UNAVAILABLE:
 * Google's keys could not be fetched. Safe from several threads; may block to fetch the keys. */
bool gcp_push_check(struct gcp_push *push, const char *authorization, struct err *err);
void gcp_push_close(struct gcp_push *push);

#pragma GCC visibility pop

#define GCP_OWN_VALUE(type)                                                                        \
    static inline void own_##type(struct type *local)                                              \
    {                                                                                              \
        type##_done(local);                                                                        \
    }
GCP_OWN_VALUE(gcp_names)
GCP_OWN_VALUE(gcp_message)
GCP_OWN_VALUE(gcp_messages)
GCP_OWN_VALUE(gcp_subscription)
GCP_OWN_VALUE(gcp_object)
GCP_OWN_VALUE(gcp_notifications)
GCP_OWN_VALUE(gcp_labels)
GCP_OWN_VALUE(gcp_translation)
GCP_OWN_VALUE(gcp_languages)
GCP_OWN_VALUE(gcp_object_event)
#undef GCP_OWN_VALUE

static inline void own_gcp(struct gcp **local)
{
    gcp_close(*local);
}

static inline void own_gcp_push(struct gcp_push **local)
{
    gcp_push_close(*local);
}

#ifdef __cplusplus
}
#endif

#endif
