/* SPDX-License-Identifier: Apache-2.0 */
/* The header fields Range and Content-Range. Pure. */
#ifndef GCP_LOCAL_STORAGE_REST_RANGES_H
#define GCP_LOCAL_STORAGE_REST_RANGES_H

#include <stdbool.h>
#include <stdint.h>

enum range_kind {
    RANGE_WHOLE,         /* no range, several, or a malformed one: everything is sent */
    RANGE_PART,          /* first and last are set */
    RANGE_UNSATISFIABLE, /* 416: it starts after the last byte */
};

struct byte_range {
    int64_t first, last; /* both inclusive */
};

/* Parses a Range field (NULL: none) for content of this size: "bytes=0-4", "bytes=5-",
 * "bytes=-3". */
enum range_kind ranges_parse(const char *field, int64_t size, struct byte_range *range);

/* A Content-Range of an upload. -1 is "*". */
struct content_range {
    bool has_bytes;      /* false: "bytes * / total", a query or the end of an upload */
    int64_t first, last; /* last is -1 when the client does not know the length of the body */
    int64_t total;
};

/* "bytes 0-9/10", "bytes 0-9/" and "*", "bytes 0-*" and "/" and "*", "bytes *" and "/10" or "/" and
 * "*". False for anything else, and for contradictory numbers. */
bool ranges_parse_content_range(const char *field, struct content_range *range);

#endif
