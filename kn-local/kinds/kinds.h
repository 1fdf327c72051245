/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of objects that kn-local knows: their names, versions and fields. */
#ifndef KN_LOCAL_KINDS_KINDS_H
#define KN_LOCAL_KINDS_KINDS_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { VALIDATION_PATH_SIZE = 256 };

/* What is wrong with an object, and where. */
struct validation_error {
    bool allow_unknown; /* set by the asker: fields that are not known are let through */
    char path[VALIDATION_PATH_SIZE]; /* "spec.template.spec.containers[0].image" */
    bool unknown_field;              /* else a value that is missing or wrong */
    char text[256];                  /* "is not known; did you mean subscriber?" */
};

enum schema_field_type {
    FIELD_STRING,
    FIELD_INT,
    FIELD_BOOL,
    FIELD_QUANTITY,   /* a text or a number: "500m", 2 */
    FIELD_STRING_MAP, /* a map of texts: labels */
    FIELD_OBJECT,
    FIELD_LIST, /* of objects; of texts when there are no fields */
    FIELD_ANY,  /* whatever it is, it is kept */
};

/* A field of an object. A table of them ends with one that has no name. */
struct schema_field {
    const char *name;
    enum schema_field_type type;
    bool required;
    bool allow_unknown;                /* an object that may have other fields besides these */
    int min;                           /* the least a FIELD_INT may be */
    const struct schema_field *fields; /* of FIELD_OBJECT and of the items of FIELD_LIST */
    const char *const *values;         /* the texts that are allowed, NULL-terminated; NULL = any */
    /* What is wrong with a value of the right type, NULL when nothing. May be NULL. */
    const char *(*rule)(const json_t *value);
};

/* A column of the tables that kubectl shows. */
struct kind_column {
    const char *name;
    const char *path; /* ".status.url", or a condition: "Ready.status", "Ready.reason" */
    enum { COLUMN_STRING, COLUMN_AGE } type;
    bool wide; /* only with -o wide */
};

/* The controllers, in the order in which they run: receivers before senders, so that a fresh start
 * delivers at once. X(NAME, name): controllers/name_controller.c reconciles what the data plane
 * knows as RESOURCE_NAME. */
#define KIND_CONTROLLERS(X)                                                                        \
    X(SERVICE, service) X(CHANNEL, channel) X(SUBSCRIPTION, subscription) X(SOURCE, source)

#define KIND_CONTROLLER_ENUM(NAME, name) CONTROLLER_##NAME,
enum kind_controller { CONTROLLER_NONE, KIND_CONTROLLERS(KIND_CONTROLLER_ENUM) };

struct migration_step;

struct kind {
    const char *group; /* "" is the core group */
    const char *version;
    const char *name; /* "Channel" */
    const char *plural, *singular;
    const char *const *short_names;    /* NULL-terminated; NULL = none */
    const char *const *categories;     /* likewise: "all", "knative" */
    const struct schema_field *fields; /* besides apiVersion, kind, metadata and status */
    const struct kind_column *columns; /* behind NAME, up to one without name */
    bool cluster_wide;                 /* in no namespace */
    bool ephemeral;                    /* not kept over a restart */
    bool builtin; /* a Kubernetes type: no status conditions, strategic patches */
    enum kind_controller controller; /* of the hub version only, as the next */
    bool addressable;                /* can be a sink, subscriber or reply */
    /* The version to which objects of this one are converted; NULL: this is the hub version. */
    const struct kind *hub;
    const struct migration_step *to_hub;       /* NULL: the fields are the same */
    json_t *(*from_hub)(const json_t *object); /* likewise; returns a new tree */
    /* Rules beyond single fields; old is NULL for a new object. May be NULL. */
    bool (*check)(const json_t *object, const json_t *old, struct validation_error *problem);
};

/* All kinds: kind_pod and so on. Groups are in the order in which kubectl looks for a name that
 * several have, hub versions before older ones. */
#define KINDS(X)                                                                                   \
    X(pod)                                                                                         \
    X(namespace)                                                                                   \
    X(event)                                                                                       \
    X(secret)                                                                                      \
    X(config_map)                                                                                  \
    X(service_account)                                                                             \
    X(service)                                                                                     \
    X(revision)                                                                                    \
    X(service_v1alpha1)                                                                            \
    X(channel)                                                                                     \
    X(in_memory_channel)                                                                           \
    X(subscription)                                                                                \
    X(kafka_channel)                                                                               \
    X(kafka_channel_v1beta1)                                                                       \
    X(container_source)                                                                            \
    X(ping_source)                                                                                 \
    X(ping_source_v1beta2)                                                                         \
    X(channel_v1alpha1)                                                                            \
    X(subscription_v1alpha1)                                                                       \
    X(gcp_pubsub_source)

#define KIND_DECLARE(name) extern const struct kind kind_##name;
KINDS(KIND_DECLARE)

/* All of them in that order. */
const struct kind *const *kinds_all(size_t *count);

/* NULL when there is none. */
const struct kind *kind_find(const char *group, const char *version, const char *name);
const struct kind *kind_by_plural(const char *group, const char *version, const char *plural);

/* The kind that an object says it is. NULL and err, which names what is near. */
const struct kind *kind_of_object(const json_t *object, struct err *err);

/* Two kinds are of one family when their objects are the same under other names. */
static inline const struct kind *kind_hub(const struct kind *kind)
{
    return kind->hub ? kind->hub : kind;
}

/* "v1" or "messaging.knative.dev/v1". The caller frees. */
char *kind_api_version(const struct kind *kind);

/* The object as another kind of its family. A new reference. */
json_t *kind_convert(const json_t *object, const struct kind *from, const struct kind *to);

/* Checks names, types, required fields and the kind's own rules. False and the first problem. */
bool kind_validate(const struct kind *kind, const json_t *object, const json_t *old,
                   struct validation_error *problem);

/* Checks an object that is of no kind against a table of fields alone. */
bool kind_validate_fields(const struct schema_field *fields, const json_t *object,
                          struct validation_error *problem);

/* Writes a problem and returns false, so that failing is one line. */
bool validation_error_set(struct validation_error *problem, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
