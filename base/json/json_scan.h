/* SPDX-License-Identifier: Apache-2.0 */
/* Reading plain JSON piece by piece, for those who know what to expect and need no tree. Plain are
 * strings of printable ASCII without escapes; whatever is in doubt is not. */
#ifndef BASE_JSON_JSON_SCAN_H
#define BASE_JSON_JSON_SCAN_H

#include "base/bytes.h"

#include <stdbool.h>

/* What is still to be read. */
struct json_scan {
    const char *at, *end;
};

/* Starts at a document, behind white space. */
struct json_scan json_scan_open(struct bytes text);

/* Takes one character, with white space before and behind it; false when another one comes. */
bool json_scan_take(struct json_scan *scan, char wanted);

/* Takes a word, such as null; false when something else comes. */
bool json_scan_word(struct json_scan *scan, const char *word);

/* Takes a string; false when there is none, or none that is plain. Borrowed from the document. */
bool json_scan_string(struct json_scan *scan, struct bytes *string);

/* Takes an object: each takes the value of a member, and says false when it cannot. */
bool json_scan_object(struct json_scan *scan,
                      bool (*each)(struct json_scan *scan, struct bytes name, void *context),
                      void *context);

/* Whether nothing but white space is left. */
bool json_scan_end(struct json_scan *scan);

#endif
