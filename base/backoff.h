/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before a request is repeated. */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

/* initial_ns doubled `attempt` times (0 = the first attempt has just failed), at most max_ns. */
int64_t backoff_exponential_ns(int64_t initial_ns, int64_t max_ns, int attempt);

/* A Retry-After value, seconds or an HTTP date, as a duration from now_ns (wall clock), at most
 * max_ns. 0 when it is NULL, in the past or not valid. */
int64_t backoff_retry_after_ns(const char *value, int64_t now_ns, int64_t max_ns);

#endif
