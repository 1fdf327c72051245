/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before a request is repeated. */
#include "base/backoff.h"

#include "base/str.h"
#include "base/timestamp.h"

int64_t backoff_exponential_ns(int64_t initial_ns, int64_t max_ns, int attempt)
{
    int64_t wait_ns = initial_ns;
    for (int i = 0; i < attempt && wait_ns < max_ns; i++)
        wait_ns = wait_ns > max_ns / 2 ? max_ns : wait_ns * 2;
    return wait_ns < max_ns ? wait_ns : max_ns;
}

int64_t backoff_retry_after_ns(const char *value, int64_t now_ns, int64_t max_ns)
{
    int64_t wait_ns = 0;
    if (value && str_int(value, 0, INT64_MAX / NS_PER_SEC, &wait_ns))
        wait_ns *= NS_PER_SEC;
    else if (value && timestamp_parse_http(value, &wait_ns))
        wait_ns = wait_ns > now_ns ? wait_ns - now_ns : 0;
    else
        wait_ns = 0;
    return wait_ns < max_ns ? wait_ns : max_ns;
}
