/* Reading JSON text in one pass, without a tree: for the bodies that hold most of the bytes. */
#ifndef GCP_LOCAL_PUBSUB_WIRE_JSON_SCANNER_H
#define GCP_LOCAL_PUBSUB_WIRE_JSON_SCANNER_H

#include "base/buf.h"

/* Where reading stands. After a failure (bad) every call is harmless and takes nothing. */
struct scan {
    const char *at, *end;
    bool bad;
};

/* Takes a character, after white space. False, with nothing taken, when another comes. */
bool scan_take(struct scan *scan, char c);

/* As scan_take, but another character is a failure. */
bool scan_want(struct scan *scan, char c);

/* Takes a literal, e.g. "null". */
bool scan_word(struct scan *scan, const char *word);

/* The members of an object whose '{' was taken, or items of a list whose '[' was taken: true while
 * another comes. *first is true before the first call. */
bool scan_more(struct scan *scan, char close, bool *first);

/* A string: a view of the text when nothing is escaped in it, else of what is appended to room.
 * Control characters, lone surrogates and \u0000 are failures; UTF-8 is not checked. */
bool scan_string(struct scan *scan, struct buf *room, struct bytes *string);

/* A number, true or false as its text. */
bool scan_plain(struct scan *scan, struct bytes *text);

/* Nothing but white space is left. */
bool scan_done(struct scan *scan);

bool scan_fail(struct scan *scan);

#endif
