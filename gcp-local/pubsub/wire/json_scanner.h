/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON text in one pass, without a tree: for the bodies that hold most of the bytes. */
#ifndef GCP_LOCAL_PUBSUB_WIRE_JSON_SCANNER_H
#define GCP_LOCAL_PUBSUB_WIRE_JSON_SCANNER_H

#include "base/buf.h"

/* Where reading stands. After a failure (bad) every call is harmless and takes nothing. */
struct json_scanner {
    const char *at, *end;
    bool bad;
};

/* Takes a character, after white space. False, with nothing taken, when another comes. */
bool json_scanner_take(struct json_scanner *scan, char c);

/* As json_scanner_take, but another character is a failure. */
bool json_scanner_expect(struct json_scanner *scan, char c);

/* Takes a literal, e.g. "null". */
bool json_scanner_literal(struct json_scanner *scan, const char *word);

/* The members of an object whose '{' was taken, or items of a list whose '[' was taken: true while
 * another comes. *first is true before the first call. */
bool json_scanner_next(struct json_scanner *scan, char close, bool *first);

/* A string: a view of the text when nothing is escaped in it, else of what is appended to room.
 * Control characters, lone surrogates and \u0000 are failures; UTF-8 is not checked. */
bool json_scanner_string(struct json_scanner *scan, struct buf *room, struct bytes *string);

/* A number, true or false as its text. */
bool json_scanner_primitive(struct json_scanner *scan, struct bytes *text);

/* Nothing but white space is left. */
bool json_scanner_at_end(struct json_scanner *scan);

bool json_scanner_fail(struct json_scanner *scan);

#endif
