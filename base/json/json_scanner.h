/* SPDX-License-Identifier: Apache-2.0 */
/* Reads JSON text in one pass, without a tree: for messages whose shape is known.
 *
 *     struct json_scanner scanner = json_scanner_open(text);
 *     bool first = true;
 *     if (json_scanner_expect(&scanner, '{'))
 *         while (json_scanner_next(&scanner, '}', &first) &&
 *                json_scanner_name(&scanner, &room, &name))
 *             read_value(&scanner, name);
 *     return json_scanner_at_end(&scanner);
 *
 * A failure is kept: after it every call takes nothing and returns false, so it is enough to ask
 * json_scanner_at_end last. White space between tokens is skipped. */
#ifndef BASE_JSON_JSON_SCANNER_H
#define BASE_JSON_JSON_SCANNER_H

#include "base/buf.h"

#include <stdbool.h>

/* What is still to be read. */
struct json_scanner {
    const char *position, *end;
    bool failed;
};

struct json_scanner json_scanner_open(struct bytes text);

/* Takes a character. False, without a failure, when another one comes. */
bool json_scanner_take(struct json_scanner *scanner, char c);

/* As json_scanner_take, but another character is a failure. */
bool json_scanner_expect(struct json_scanner *scanner, char c);

/* Takes a literal such as null. False, without a failure, when something else comes. */
bool json_scanner_literal(struct json_scanner *scanner, const char *word);

/* The members of an object whose '{' was taken, or the items of a list whose '[' was taken: true
 * while another one comes, takes the close character after the last. *first is true before the
 * first call. */
bool json_scanner_next(struct json_scanner *scanner, char close, bool *first);

/* Takes a string: a view of the text when it has no escapes, else of what is appended to room; with
 * room NULL escapes are a failure. Failures are also control characters, lone surrogates, \u0000
 * and bytes that are not UTF-8. */
bool json_scanner_string(struct json_scanner *scanner, struct buf *room, struct bytes *string);

/* Takes the name of a member and the colon after it. */
bool json_scanner_name(struct json_scanner *scanner, struct buf *room, struct bytes *name);

/* Takes a number, true or false: its text. */
bool json_scanner_primitive(struct json_scanner *scanner, struct bytes *text);

/* Whether nothing but white space is left, and nothing has failed. */
bool json_scanner_at_end(struct json_scanner *scanner);

/* A failure that the caller has found. Returns false. */
bool json_scanner_fail(struct json_scanner *scanner);

#endif
