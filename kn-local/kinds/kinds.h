/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of objects: their names, versions and fields. */
#ifndef KN_LOCAL_KINDS_KINDS_H
#define KN_LOCAL_KINDS_KINDS_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { VALIDATION_PATH_SIZE = 256 };

/* The first fault of an object, and where it is. */
struct validation_error {
    bool allow_unknown;              /* set by the caller: unknown fields are allowed */
    char path[VALIDATION_PATH_SIZE]; /* "spec.template.spec.containers[0].image" */
    bool unknown_field;              /* else a value is missing or wrong */
    char text[256];                  /* "is not known; did you mean subscriber?" */
};

enum schema_field_type {
    FIELD_STRING,
    FIELD_INT,
    FIELD_BOOL,
    FIELD_QUANTITY,   /* a string or a number: "500m", 2 */
    FIELD_STRING_MAP, /* labels */
    FIELD_OBJECT,
    FIELD_LIST, /* of objects; of strings when there are no fields */
    FIELD_ANY,  /* any value, kept as it is */
};

/* A field of an object. A table of them ends with one without a name. */
struct schema_field {
    const char *name;
    enum schema_field_type type;
    bool required;
    bool allow_unknown;                /* an object that may have other fields, too */
    int min;                           /* the minimum of a FIELD_INT */
    const struct schema_field *fields; /* of FIELD_OBJECT and of the items of FIELD_LIST */
    const char *const *values;         /* the allowed strings, NULL-terminated; NULL = any */
    /* Returns what is wrong with a value of the right type, or NULL. May be NULL. */
    const char *(*rule)(const json_t *value);
};

/* A column of the table that kubectl prints. */
struct kind_column {
    const char *name;
    const char *path;  /* "status.url", or of the condition Ready: "Ready.status" */
    const char *label; /* instead of path */
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
    const struct kind_column *columns; /* after NAME, up to one without a name */
    bool cluster_wide;                 /* its objects are in no namespace */
    bool ephemeral;                    /* its objects are lost at a restart */
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

/* NULL when there is no such kind. */
const struct kind *kind_find(const char *group, const char *version, const char *name);
const struct kind *kind_by_plural(const char *group, const char *version, const char *plural);

/* The kind of an object by its apiVersion and kind. NULL and err, which suggests a similar one. */
const struct kind *kind_of_object(const json_t *object, struct err *err);

/* Kinds with the same hub version share their objects. */
static inline const struct kind *kind_hub(const struct kind *kind)
{
    return kind->hub ? kind->hub : kind;
}

/* "v1" or "messaging.knative.dev/v1". The caller frees. */
char *kind_api_version(const struct kind *kind);

/* The object in another version, one with the same hub. A new reference. */
json_t *kind_convert(const json_t *object, const struct kind *from, const struct kind *to);

/* Checks names, types, required fields and the kind's own rules. False and the first fault. */
bool kind_validate(const struct kind *kind, const json_t *object, const json_t *old,
                   struct validation_error *problem);

/* Checks an object against a table of fields alone. */
bool kind_validate_fields(const struct schema_field *fields, const json_t *object,
                          struct validation_error *problem);

/* Sets a fault and returns false, so that failing is one line. */
bool validation_error_set(struct validation_error *problem, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
