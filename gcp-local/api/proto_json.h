/* Reading JSON as Google's APIs do (proto3's JSON mapping): fields by lowerCamelCase or snake_case
 * name, numbers also as texts, null as absent; unknown fields and wrong types are refused. */
#ifndef GCP_LOCAL_API_PROTO_JSON_H
#define GCP_LOCAL_API_PROTO_JSON_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum proto_kind {
    PROTO_STRING,
    PROTO_INT32,
    PROTO_BOOL,
    PROTO_DURATION,  /* "3.5s" */
    PROTO_TIMESTAMP, /* RFC 3339 */
    PROTO_MASK,      /* "a,bC" */
    PROTO_MAP,       /* of strings */
    PROTO_STRINGS,   /* a list of strings */
    PROTO_LIST,      /* a list of objects with `fields` */
    PROTO_OBJECT,    /* with `fields` */
    PROTO_ANY,       /* any JSON, kept as it is */
    PROTO_OUTPUT,    /* known, but only the service sets it: ignored */
};

/* What an object may hold; a table ends with a row without a name. */
struct proto_field {
    const char *name;
    enum proto_kind kind;
    const struct proto_field *fields;
};

/* The object with lowerCamelCase names and plain types, in the table's order; what has its default
 * value (0, "", false, an empty list) is left out, an object that is there stays. NULL and err
 * (ERR_INPUT) when something is unknown or mistyped. New reference. */
json_t *proto_read(const json_t *object, const struct proto_field *fields, struct err *err);

/* A field's row by either spelling, or NULL. */
const struct proto_field *proto_find(const struct proto_field *fields, const char *name);

/* "3.5s" as nanoseconds; false when it is none, or longer than 292 years. */
bool proto_duration(const char *text, int64_t *duration_ns);

/* Nanoseconds as "3.500s": 0, 3, 6 or 9 fraction digits. The caller frees. */
char *proto_duration_text(int64_t duration_ns);

/* A time with 0, 3, 6 or 9 fraction digits. */
enum { PROTO_TIME_TEXT = 40 };
void proto_time_text(int64_t time_ns, char text[PROTO_TIME_TEXT]);

#endif
