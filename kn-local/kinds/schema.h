/* SPDX-License-Identifier: Apache-2.0 */
/* Macros for field tables, and the tables and rules that several kinds share. */
#ifndef KN_LOCAL_KINDS_SCHEMA_H
#define KN_LOCAL_KINDS_SCHEMA_H

#include "kn-local/kinds/kinds.h"

/* clang-format off */
#define STRING(...)          {.type = FIELD_STRING, .name = __VA_ARGS__}
#define INTEGER(...)         {.type = FIELD_INT, .name = __VA_ARGS__}
#define BOOLEAN(...)         {.type = FIELD_BOOL, .name = __VA_ARGS__}
#define STRING_MAP(...)      {.type = FIELD_STRING_MAP, .name = __VA_ARGS__}
#define STRING_LIST(...)     {.type = FIELD_LIST, .name = __VA_ARGS__}
#define ANY(...)             {.type = FIELD_ANY, .name = __VA_ARGS__}
#define OBJECT(fields_, ...) {.type = FIELD_OBJECT, .fields = (fields_), .name = __VA_ARGS__}
#define LIST(fields_, ...)   {.type = FIELD_LIST, .fields = (fields_), .name = __VA_ARGS__}
#define END                  {.name = NULL}

/* Members of struct kind; the plural is the singular with an s. */
#define KIND_NAMES(group_, version_, name_, singular_)                                             \
    .group = (group_), .version = (version_), .name = (name_), .singular = (singular_),            \
    .plural = singular_ "s"
/* clang-format on */

extern const struct schema_field schema_metadata[];    /* of every object */
extern const struct schema_field schema_reference[];   /* apiVersion, kind, name, namespace */
extern const struct schema_field schema_destination[]; /* ref, uri: a sink, subscriber, reply */
extern const struct schema_field schema_delivery[];    /* retries and the dead letter sink */

extern const struct schema_field schema_container[];
extern const struct schema_field schema_pod_template[]; /* metadata and the pod's spec */

extern const char *const schema_knative_categories[]; /* "all", "knative" */

/* Rules, as struct schema_field has them. */
const char *schema_rule_destination(const json_t *value);
const char *schema_rule_duration(const json_t *value);
const char *schema_rule_positive_duration(const json_t *value);
const char *schema_rule_data_keys(const json_t *map); /* of a Secret or ConfigMap: file names */
const char *schema_rule_relative_path(const json_t *value); /* has no ".." */
const char *schema_rule_mount_path(const json_t *value);    /* absolute, has no ".." */

#endif
