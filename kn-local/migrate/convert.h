/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests of 2019, and of the years after it, rewritten in the words of today. */
#ifndef KN_LOCAL_MIGRATE_CONVERT_H
#define KN_LOCAL_MIGRATE_CONVERT_H

#include "base/buf.h"
#include "kn-local/manifests/manifests.h"
#include "kn-local/migrate/yaml_edit.h"

/* Appends the text with every old Knative object in it rewritten; comments, order, blank lines and
 * what is of today already stay byte for byte. Notes ("file:1: …", what the user has still to do)
 * go to listener->done, errors to listener->failed; returns how many errors there were. */
size_t convert_text(const char *name, struct bytes text, struct buf *out,
                    const struct manifest_listener *listener);

/* How objects of a group and kind, in any version but v1, are said today. */
struct conversion {
    const char *group, *kind;
    const char *api_version; /* today's */
    const char *new_kind;    /* NULL: the same */
    bool (*steps)(struct yaml_edit *rewrite, struct err *err);
    const char *note; /* what is still to do; NULL = nothing */
};

/* NULL when there is none for them. */
const struct conversion *convert_table_find(const char *api_version, const char *kind);
/* Why there is none, and what to do: true when the object is of no use today. */
bool convert_table_removed(const char *api_version, const char *kind, const char **way_out);
/* Says which fields have no counterpart; false and err. */
bool convert_table_check_fields(const struct yaml_edit *rewrite, struct err *err);

bool convert_references(struct yaml_edit *rewrite, struct err *err);
bool convert_channel(struct yaml_edit *rewrite, struct err *err);
bool convert_subscription(struct yaml_edit *rewrite, struct err *err);
bool convert_trigger(struct yaml_edit *rewrite, struct err *err);
bool convert_service(struct yaml_edit *rewrite, struct err *err);
bool convert_configuration(struct yaml_edit *rewrite, struct err *err);
bool convert_source(struct yaml_edit *rewrite, struct err *err);
bool convert_ping_source(struct yaml_edit *rewrite, struct err *err);
bool convert_container_source(struct yaml_edit *rewrite, struct err *err);
bool convert_gcp_source(struct yaml_edit *rewrite, struct err *err);

#endif
