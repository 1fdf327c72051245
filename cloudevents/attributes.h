/* SPDX-License-Identifier: Apache-2.0 */
/* The names that attributes have in each version of CloudEvents. Private to cloudevents/. */
#ifndef CLOUDEVENTS_ATTRIBUTES_H
#define CLOUDEVENTS_ATTRIBUTES_H

#include "cloudevents/event.h"

enum { CE_V10, CE_V03, CE_V02, CE_V01 };

/* The version of a specversion such as "1.0"; -1 when it is not supported. */
int ce_version(const char *text);
const char *ce_version_text(int version);

/* The member of event for an attribute of that name (lower case, as in a header), or NULL for an
 * extension. With `in_json`, the name is spelled as in the JSON format, which differs in 0.1 only.
 */
char **ce_attribute(struct ce_event *event, int version, const char *name, bool in_json);

/* Whether a name is valid for an extension: letters and digits. */
bool ce_name_valid(const char *name);

/* Calls each for every context attribute that is set except datacontenttype, by its 1.0 name (0.3
 * for a 0.3 event). Extensions come last, numbers and booleans as strings. */
void ce_each_attribute(const struct ce_event *event,
                       void (*each)(const char *name, const char *value, void *context),
                       void *context);

#endif
