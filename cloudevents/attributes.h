/* SPDX-License-Identifier: Apache-2.0 */
/* The names that attributes have in each version of CloudEvents. Private to cloudevents/. */
#ifndef CLOUDEVENTS_ATTRIBUTES_H
#define CLOUDEVENTS_ATTRIBUTES_H

#include "cloudevents/event.h"

enum { CE_V10, CE_V03, CE_V02, CE_V01 };

/* Which version a text names; -1 for none that is read here. */
int ce_version(const char *text);
const char *ce_version_text(int version);

/* Where an attribute of that name (lower case, as in a header) is kept, or NULL: an extension.
 * `in_json` takes the spelling of the JSON format, which differs in version 0.1 only. */
char **ce_attribute(struct ce_event *event, int version, const char *name, bool in_json);

/* Whether a name may be an extension's: letters and digits. */
bool ce_name_valid(const char *name);

/* Calls each for every context attribute that is set, by its 1.0 name (0.3 for such an event), but
 * not for the data's content type. Extensions come last, numbers and booleans as texts. */
void ce_each_attribute(const struct ce_event *event,
                       void (*each)(const char *name, const char *value, void *context),
                       void *context);

#endif
