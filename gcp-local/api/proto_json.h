/* SPDX-License-Identifier: Apache-2.0 */
/* Reads JSON as Google's APIs do, by proto3's JSON mapping: fields by lowerCamelCase or snake_case
 * name, numbers also as strings, null as absent. Unknown fields and wrong types are errors. */
#ifndef GCP_LOCAL_API_PROTO_JSON_H
#define GCP_LOCAL_API_PROTO_JSON_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum proto_json_kind {
    PROTO_JSON_STRING,
    PROTO_JSON_INT32,
    PROTO_JSON_BOOL,
    PROTO_JSON_DURATION,  /* "3.5s" */
    PROTO_JSON_TIMESTAMP, /* RFC 3339 */
    PROTO_JSON_MASK,      /* "a,bC" */
    PROTO_JSON_MAP,       /* of strings */
    PROTO_JSON_STRINGS,   /* a list of strings */
    PROTO_JSON_LIST,      /* a list of objects with `fields` */
    PROTO_JSON_OBJECT,    /* with `fields` */
    PROTO_JSON_ANY,       /* any JSON, copied */
    PROTO_JSON_OUTPUT,    /* set by the service only: ignored */
};

/* A field of an object. A table of them ends with a row without a name. */
struct proto_json_field {
    const char *name;
    enum proto_json_kind kind;
    const struct proto_json_field *fields;
};

/* A copy of the object with lowerCamelCase names and canonical values. Default values (0, "",
 * false, an empty list) are omitted, empty objects are not. NULL and err (ERR_INPUT) when a field
 * is unknown or has the wrong type. New reference. */
json_t *proto_json_read(const json_t *object, const struct proto_json_field *fields,
                        struct err *err);

/* The row of a field, by either spelling, or NULL. */
const struct proto_json_field *proto_json_find(const struct proto_json_field *fields,
                                               const char *name);

/* Reads "3.5s". False when text (may be NULL) is not a duration, or it is longer than 285 years. */
bool proto_json_parse_duration(const char *text, int64_t *duration_ns);

/* Nanoseconds as "3.500s": 0, 3, 6 or 9 fraction digits. The caller frees. */
char *proto_json_duration_text(int64_t duration_ns);

/* A time with 0, 3, 6 or 9 fraction digits. */
enum { PROTO_JSON_TIME_TEXT = 40 };
void proto_json_time_text(int64_t time_ns, char text[PROTO_JSON_TIME_TEXT]);

#endif
