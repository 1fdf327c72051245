/* The kinds of objects that kn-local knows: their names, versions and fields. */
#ifndef KN_LOCAL_KINDS_KINDS_H
#define KN_LOCAL_KINDS_KINDS_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { PATH_TEXT = 256 };

/* What is wrong with an object, and where. */
struct problem {
    bool allow_unknown;   /* set by the asker: fields that are not known are let through */
    char path[PATH_TEXT]; /* "spec.template.spec.containers[0].image" */
    bool unknown_field;   /* else a value that is missing or wrong */
    char text[256];       /* "is not known; did you mean subscriber?" */
};

enum field_type {
    FIELD_STRING,
    FIELD_INT,
    FIELD_BOOL,
    FIELD_QUANTITY, /* a text or a number: "500m", 2 */
    FIELD_TEXTS,    /* a map of texts: labels */
    FIELD_OBJECT,
    FIELD_LIST, /* of objects; of texts when there are no fields */
    FIELD_ANY,  /* whatever it is, it is kept */
};

/* A field of an object. A table of them ends with one that has no name. */
struct field {
    const char *name;
    enum field_type type;
    bool required;
    bool open;                  /* an object that may have other fields besides these */
    int low;                    /* the least a FIELD_INT may be */
    const struct field *fields; /* of FIELD_OBJECT and of the items of FIELD_LIST */
    const char *const *values;  /* the texts that are allowed, NULL-terminated; NULL = any */
    /* What is wrong with a value of the right type, NULL when nothing. May be NULL. */
    const char *(*rule)(const json_t *value);
};

/* A column of the tables that kubectl shows. */
struct column {
    const char *name;
    const char *path; /* ".status.url", or a condition: "Ready.status", "Ready.reason" */
    enum { COLUMN_TEXT, COLUMN_AGE } type;
    bool wide; /* only with -o wide */
};

struct kind {
    const char *group; /* "" is the core group */
    const char *version;
    const char *name; /* "Channel" */
    const char *plural, *singular;
    const char *const *short_names; /* NULL-terminated; NULL = none */
    const char *const *categories;  /* likewise: "all", "knative" */
    const struct field *fields;     /* besides apiVersion, kind, metadata and status */
    const struct column *columns;   /* behind NAME, up to one without name */
    bool cluster_wide;              /* in no namespace */
    bool transient;                 /* not kept over a restart */
    bool plain;                     /* a Kubernetes type: no status conditions, strategic patches */
    /* An older spelling of this kind in today's names: how to turn objects of one into the other.
     * The result is a new tree. NULL: this is today's. */
    const struct kind *today;
    json_t *(*to_today)(const json_t *object);
    json_t *(*from_today)(const json_t *object);
    /* Rules beyond single fields; old is NULL for a new object. May be NULL. */
    bool (*check)(const json_t *object, const json_t *old, struct problem *problem);
};

/* All kinds, groups together, today's versions first. */
const struct kind *const *kinds_all(size_t *count);

/* NULL when there is none. */
const struct kind *kind_find(const char *group, const char *version, const char *name);
const struct kind *kind_by_plural(const char *group, const char *version, const char *plural);

/* The kind that an object says it is. NULL and err, which names what is near. */
const struct kind *kind_of_object(const json_t *object, struct err *err);

/* Two kinds are of one family when their objects are the same under other names. */
static inline const struct kind *kind_family(const struct kind *kind)
{
    return kind->today ? kind->today : kind;
}

/* "v1" or "messaging.knative.dev/v1". The caller frees. */
char *kind_api_version(const struct kind *kind);

/* The object as another kind of its family. A new reference. */
json_t *kind_convert(const json_t *object, const struct kind *from, const struct kind *to);

/* Checks names, types, required fields and the kind's own rules. False and the first problem. */
bool kind_check(const struct kind *kind, const json_t *object, const json_t *old,
                struct problem *problem);

/* Checks an object that is of no kind against a table of fields alone. */
bool fields_check(const struct field *fields, const json_t *object, struct problem *problem);

/* Writes a problem and returns false, so that failing is one line. */
bool problem_set(struct problem *problem, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
