/* SPDX-License-Identifier: Apache-2.0 */
/* Converts manifests of older versions, such as those of 2019, to today's. */
#ifndef KN_LOCAL_MIGRATE_CONVERT_H
#define KN_LOCAL_MIGRATE_CONVERT_H

#include "base/buf.h"
#include "kn-local/manifests/manifests.h"
#include "kn-local/migrate/yaml_edit.h"

/* Appends the text with every Knative object of an older version in it converted; comments, order,
 * blank lines and everything else stay byte for byte. What is left to do for the user
 * ("file:1: …") is passed to listener->done, errors to listener->failed. Returns the number of
 * errors. */
size_t convert_text(const char *name, struct bytes text, struct buf *out,
                    const struct manifest_listener *listener);

/* Whether objects of an old kind are of no use today, and what to do instead. */
bool convert_table_removed(const char *api_version, const char *kind, const char **advice);

/* False and err when a field has no counterpart today. */
bool convert_table_check_fields(const struct yaml_edit *edit, struct err *err);

/* The steps of a migration that only text needs: the spec of a source gets the template of a pod.
 */
bool convert_container_pod(struct yaml_edit *edit, struct err *err);
bool convert_gcp_pod(struct yaml_edit *edit, struct err *err);

#endif
