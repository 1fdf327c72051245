/* SPDX-License-Identifier: Apache-2.0 */
/* libgcp: Google Cloud from C: Pub/Sub, Storage, Vision, Translate, and what an event from them
 * holds.
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
 * Failing. What can fail returns bool (or a pointer) and takes a `struct err` that must be all zero
 * before. On failure it holds one line of text without secrets, a status and, where Google gave
 * one, the name of the failure in `reason` ("ALREADY_EXISTS"). The status is the HTTP status that
 * Google answered, with these differences: whatever may work later is ERR_UNAVAILABLE (503, with
 * retry_after_sec if Google named a time), an answer that makes no sense is ERR_UPSTREAM (502), a
 * failed precondition is ERR_CONFLICT (409). The calls of Vision and Translate are made for event
 * handlers, which hand their status on: they give only ERR_INPUT (400: this picture or text will
 * never work), ERR_INTERNAL (500: credentials or permissions need a person), 502 and 503.
 *
 * Owning. Parameters are borrowed and may be freed when the call returns. Results are structs to be
 * set to all zero before and emptied by their gcp_..._done afterwards, whether or not the call
 * succeeded; char * results are for free(). All texts are UTF-8 and end with NUL.
 *
 * Threads. One struct gcp serves any number of threads: connections and access tokens are shared.
 * Each call blocks until it has its answer. gcp_close must be the last call.
 *
 * Retrying. Calls that may be repeated are, as Google's guidance says: on lost connections, 408,
 * 429 and 5xx, after growing random pauses, obeying Retry-After, within an overall deadline. */
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

struct gcp;

/* The APIs, to be combined with |. */
enum gcp_api { GCP_PUBSUB = 1, GCP_STORAGE = 2, GCP_VISION = 4, GCP_TRANSLATE = 8 };

/* Zero and NULL mean: as the environment says, or else the default. */
struct gcp_options {
    unsigned apis;               /* enum gcp_api: what will be called; 0 = all of them */
    const char *project;         /* else GOOGLE_CLOUD_PROJECT, GCLOUD_PROJECT, the credentials',
                                  * gcloud's, the metadata server's */
    const char *quota_project;   /* pays for calls; else GOOGLE_CLOUD_QUOTA_PROJECT, credentials' */
    const char *credentials;     /* file; else GOOGLE_APPLICATION_CREDENTIALS, gcloud's file, the
                                  * metadata server */
    const char *user_agent;      /* NULL = "libgcp/VERSION" */
    long timeout_ms;             /* of one try; 0 = 60,000 */
    long deadline_ms;            /* of a call with all its tries; 0 = 60,000 */
    bool translate_v3;           /* gcp_translate and its kin use v3, which needs a project; else
                                  * TRANSLATE_API=v3 says so. Default v2 */
    const char *translate_place; /* location of v3, e.g. "us-central1"; NULL = global */
};

/* Finds project and credentials and reads them, so that what is wrong with them shows now and not
 * with the first event. Fails with ERR_INPUT naming file, field and remedy.
 *
 * An API whose emulator variable is set (PUBSUB_EMULATOR_HOST, STORAGE_EMULATOR_HOST,
 * VISION_EMULATOR_HOST, TRANSLATE_EMULATOR_HOST: host:port or http://host:port) is called there,
 * without credentials; when that holds for all of options->apis, none are looked for.
 * CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB (_STORAGE, _VISION, _TRANSLATE), as gcloud knows it, is a
 * URL to call with credentials instead. A project named demo-... never reaches Google: opening
 * fails when an API has neither.
 *
 * options may be NULL. */
struct gcp *gcp_open(const struct gcp_options *options, struct err *err);
struct gcp *gcp_from_env(unsigned apis, struct err *err);
void gcp_close(struct gcp *gcp);

/* The project, or NULL when none is known. Borrowed, like all of these. */
const char *gcp_project(const struct gcp *gcp);

/* Where the credentials come from, for a log: a path, the metadata server's URL, or "none". */
const char *gcp_credentials(const struct gcp *gcp);

/* Something a person should know, e.g. that others can read the key file; NULL = nothing. */
const char *gcp_warning(const struct gcp *gcp);

/* A name and its value, borrowed. */
struct gcp_field {
    const char *name, *value;
};

/* A name and its value, owned by what holds it. */
struct gcp_attribute {
    char *name, *value;
};

/* Names or ids. All zero is empty. */
struct gcp_names {
    char **list;
    size_t count;
};

void gcp_names_done(struct gcp_names *names);

/* A message that came. All zero is empty. */
struct gcp_message {
    char *data; /* len bytes and a NUL; NULL when there is none */
    size_t len;
    char *data_error; /* why the data could not be decoded (it is NULL then), e.g. "message.data is
                       * not base64"; NULL = all is well. Only from gcp_message_from_envelope */
    struct gcp_attribute *attributes;
    size_t attribute_count;
    char *id, *publish_time; /* RFC 3339; NULL when the envelope does not say */
    char *ordering_key;      /* NULL = none */
    char *subscription;      /* as the envelope names it; NULL when unknown */
    char *ack_id;            /* of a pulled message, else NULL */
    int delivery_attempt;    /* 0 = not counted */
};

void gcp_message_done(struct gcp_message *message);
struct bytes gcp_message_data(const struct gcp_message *message);

/* The value of an attribute, NULL when absent. Names are matched exactly first, then without regard
 * to case: some envelopes keep no case. */
const char *gcp_message_attribute(const struct gcp_message *message, const char *name);

struct gcp_messages {
    struct gcp_message *list;
    size_t count;
};

void gcp_messages_done(struct gcp_messages *messages);

/* A message to publish. Needs data or an attribute. */
struct gcp_publication {
    struct bytes data;
    const struct gcp_field *attributes;
    size_t attribute_count;
    const char *ordering_key; /* NULL = none */
};

/* Publishes in as many requests as Google's limits ask for (1,000 messages, 10 MB, one ordering
 * key). ids receives the message ids in order; on failure those of the messages that were taken, so
 * its count says where to go on. A retry may publish a message twice. */
bool gcp_publish(struct gcp *gcp, const char *topic, const struct gcp_publication *messages,
                 size_t count, struct gcp_names *ids, struct err *err);

/* Waits (Google: up to about 90 s) for up to `most` messages. None may have come: pull again. */
bool gcp_pull(struct gcp *gcp, const char *subscription, int most, struct gcp_messages *messages,
              struct err *err);

/* Acknowledges; ids that are no longer valid are not reported. */
bool gcp_acknowledge(struct gcp *gcp, const char *subscription, const char *const *ack_ids,
                     size_t count, struct err *err);

/* Gives the deliveries `seconds` (0 to 600) from now; 0 returns them to be delivered again. */
bool gcp_modify_ack_deadline(struct gcp *gcp, const char *subscription, const char *const *ack_ids,
                             size_t count, int seconds, struct err *err);

/* Fails with ERR_CONFLICT when the topic exists. */
bool gcp_topic_create(struct gcp *gcp, const char *topic, struct err *err);
bool gcp_topic_delete(struct gcp *gcp, const char *topic, struct err *err);

/* Succeeds when the topic exists; ERR_NOT_FOUND when not. */
bool gcp_topic_get(struct gcp *gcp, const char *topic, struct err *err);

/* The full names of the project's topics or subscriptions. */
bool gcp_topic_list(struct gcp *gcp, struct gcp_names *names, struct err *err);
bool gcp_subscription_list(struct gcp *gcp, struct gcp_names *names, struct err *err);

/* A subscription to create. Zero and NULL mean Google's default. */
struct gcp_subscription_options {
    int ack_deadline_sec; /* 10 to 600; default 10 */
    bool ordered;         /* messages of one ordering key in order */
    const char *filter;   /* e.g. "attributes.eventType = \"OBJECT_FINALIZE\"" */
    int retention_sec;
    int least_backoff_sec, most_backoff_sec; /* between redeliveries; 0 and 0 = none */
    const char *dead_letter_topic;           /* named as topics are */
    int most_attempts;                       /* before that: 5 to 100 */
    const char *push_endpoint;               /* a URL; NULL = to be pulled */
    const char *push_service_account;        /* signs the push tokens; NULL = no tokens */
    const char *push_audience;               /* NULL = the endpoint */
};

/* options may be NULL. Fails with ERR_CONFLICT when the subscription exists, ERR_NOT_FOUND when the
 * topic does not. */
bool gcp_subscription_create(struct gcp *gcp, const char *subscription, const char *topic,
                             const struct gcp_subscription_options *options, struct err *err);
bool gcp_subscription_delete(struct gcp *gcp, const char *subscription, struct err *err);

/* What a subscription is. All zero is empty. */
struct gcp_subscription {
    char *name;  /* in full */
    char *topic; /* in full; "_deleted-topic_" when it is gone */
    int ack_deadline_sec;
    bool ordered;
    char *filter;            /* NULL = none */
    char *dead_letter_topic; /* NULL = none */
    char *push_endpoint;     /* NULL = pulled */
};

void gcp_subscription_done(struct gcp_subscription *subscription);
bool gcp_subscription_get(struct gcp *gcp, const char *name, struct gcp_subscription *subscription,
                          struct err *err);

/* "gs://bucket/object", the object as it is. NULL and ERR_INPUT when bucket or object break
 * Google's naming rules (or are NULL). */
char *gcp_storage_uri(const char *bucket, const char *object, struct err *err);

/* "https://storage.googleapis.com/bucket/object", percent-encoded. Likewise. */
char *gcp_storage_url(const char *bucket, const char *object, struct err *err);

/* An object's metadata. All zero is empty. */
struct gcp_object {
    char *bucket, *name;
    char *content_type; /* NULL = none */
    int64_t generation, metageneration;
    uint64_t size;
    char *md5, *crc32c; /* base64; NULL when Google gives none */
    char *updated;      /* RFC 3339 */
};

void gcp_object_done(struct gcp_object *object);

enum { GCP_ANY_GENERATION = -1 };

/* Writes an object of these bytes. generation is what it must replace: 0 = nothing (ERR_CONFLICT
 * if it exists), GCP_ANY_GENERATION = whatever is there; then a lost answer is not retried. object
 * may be NULL. */
bool gcp_storage_upload(struct gcp *gcp, const char *bucket, const char *name,
                        const char *content_type, struct bytes data, int64_t generation,
                        struct gcp_object *object, struct err *err);

/* Reads a whole object of at most max bytes (else ERR_TOO_LARGE) into *data, with a NUL behind, for
 * free(). generation: GCP_ANY_GENERATION = the live one. */
bool gcp_storage_download(struct gcp *gcp, const char *bucket, const char *name, int64_t generation,
                          size_t max, char **data, size_t *len, struct err *err);

bool gcp_storage_get(struct gcp *gcp, const char *bucket, const char *name,
                     struct gcp_object *object, struct err *err);

/* generation as in gcp_storage_upload, but not 0. */
bool gcp_storage_delete(struct gcp *gcp, const char *bucket, const char *name, int64_t generation,
                        struct err *err);

/* The names of the objects that start with prefix (NULL = all). */
bool gcp_storage_list(struct gcp *gcp, const char *bucket, const char *prefix,
                      struct gcp_names *names, struct err *err);

/* Makes a bucket in gcp_project(). ERR_CONFLICT when the name is taken. */
bool gcp_bucket_create(struct gcp *gcp, const char *bucket, struct err *err);

/* Lets the bucket publish to topic what happens to its objects. event_types is one of
 * "OBJECT_FINALIZE", "OBJECT_DELETE", ... or several with commas; NULL = all. prefix NULL = all
 * objects. *id, for free(), names the configuration; id may be NULL. Never retried: a second try
 * could make a second one. */
bool gcp_notification_create(struct gcp *gcp, const char *bucket, const char *topic,
                             const char *event_types, const char *prefix, char **id,
                             struct err *err);
bool gcp_notification_delete(struct gcp *gcp, const char *bucket, const char *id, struct err *err);

struct gcp_notification {
    char *id;
    char *topic;       /* "projects/P/topics/T" */
    char *event_types; /* joined with commas; NULL = all */
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
    char *mid;         /* id in Google's knowledge graph, e.g. "/m/06npx"; NULL when not given */
    double score;      /* 0 to 1 */
};

/* Labels as Google ordered them. All zero is empty. */
struct gcp_labels {
    struct gcp_label *list;
    size_t count;
};

void gcp_labels_done(struct gcp_labels *labels);

/* Labels a picture: "gs://bucket/object" (raw, not percent-encoded) or "https://...". A picture
 * without labels is a success. */
bool gcp_vision_labels(struct gcp *gcp, const char *uri, int most, struct gcp_labels *labels,
                       struct err *err);

/* Labels a picture given as bytes, at most 7.5 MB. */
bool gcp_vision_labels_of(struct gcp *gcp, struct bytes picture, int most,
                          struct gcp_labels *labels, struct err *err);

struct gcp_translation {
    char *text;
    char *detected; /* the language found when from was NULL, else NULL */
};

void gcp_translation_done(struct gcp_translation *translation);

/* Translates plain text. Languages are codes as "en", "zh-TW"; from NULL or "" = find out. */
bool gcp_translate(struct gcp *gcp, const char *text, const char *from, const char *to,
                   struct gcp_translation *translation, struct err *err);

struct gcp_language {
    char *code;        /* "es" */
    char *name;        /* "Spanish"; NULL when no display language was asked for */
    double confidence; /* of a detection, 0 to 1 */
};

struct gcp_languages {
    struct gcp_language *list;
    size_t count;
};

void gcp_languages_done(struct gcp_languages *languages);

/* The language of a text, the likeliest first. */
bool gcp_translate_detect(struct gcp *gcp, const char *text, struct gcp_languages *languages,
                          struct err *err);

/* What can be translated, with names in the language `display` (NULL = codes only). */
bool gcp_translate_languages(struct gcp *gcp, const char *display, struct gcp_languages *languages,
                             struct err *err);

/* A request that came, or an event of it; all borrowed. */
struct gcp_envelope {
    const char *content_type; /* of the body; NULL = unsaid */
    struct bytes body;        /* of a CloudEvent: its data */

    /* Of a CloudEvent, else NULL. */
    const char *type, *source, *subject, *id, *time;
    const struct gcp_field *extensions; /* of a CloudEvent: names in lower case */
    size_t extension_count;

    const struct gcp_field *headers; /* of a request that is no CloudEvent */
    size_t header_count;
};

/* Takes the message out. An event that is no Pub/Sub message gives its body as data. Fails with
 * ERR_INPUT when the envelope is malformed: it claims to be one and is none, or holds nothing at
 * all. Payload that cannot be decoded is no failure but message->data_error. */
bool gcp_message_from_envelope(const struct gcp_envelope *envelope, struct gcp_message *message,
                               struct err *err);

/* What happened to an object. All zero is empty. */
struct gcp_object_event {
    char *type;   /* "OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_ARCHIVE", "OBJECT_METADATA_UPDATE";
                   * NULL: the envelope holds no notification of Storage */
    char *bucket; /* NULL when the event does not say, as is object: gcp_storage_uri refuses */
    char *object; /* as it is, not percent-encoded */
    int64_t generation; /* 0 = unsaid */
};

void gcp_object_event_done(struct gcp_object_event *event);

/* Takes the notification out. Success with event->type NULL: this is something else. Fails as
 * gcp_message_from_envelope does, and when the payload cannot be decoded. */
bool gcp_object_event_from_envelope(const struct gcp_envelope *envelope,
                                    struct gcp_object_event *event, struct err *err);

/* The same for a message that was pulled. */
bool gcp_object_event_from_message(const struct gcp_message *message,
                                   struct gcp_object_event *event, struct err *err);

struct gcp_push;

/* Reads PUSH_AUDIENCE (*push is NULL when it is not set: everybody may send), PUSH_EMAIL (the
 * service account that must have signed; unset = any) and PUSH_JWKS_URL (Google's keys; default
 * Google's own address). Fails with ERR_INPUT on a bad value. */
bool gcp_push_open(struct gcp_push **push, struct err *err);

/* Checks the value of a request's Authorization field (NULL = it has none): signature, issuer,
 * audience, validity, account. ERR_UNAUTHORIZED: no token or a bad one (answer 401 with
 * WWW-Authenticate: Bearer); ERR_FORBIDDEN: a good token of another account; ERR_UNAVAILABLE:
 * Google's keys could not be had. From any thread; may wait for Google's keys. */
bool gcp_push_check(struct gcp_push *push, const char *authorization, struct err *err);
void gcp_push_close(struct gcp_push *push);

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
