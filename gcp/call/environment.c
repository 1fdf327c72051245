/* SPDX-License-Identifier: Apache-2.0 */
/* The real world outside: sockets, clocks, sleep, chance. */
#include "gcp/call/environment.h"

#include "base/timestamp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static bool send_it(void *context, const struct http_call *call, struct http_response *answer,
                    struct err *err)
{
    return http_client_send(context, call, answer, err);
}

static int64_t now(void *context)
{
    (void)context;
    return timestamp_now_ns();
}

static int64_t clock_time(void *context)
{
    (void)context;
    return timestamp_monotonic_ns();
}

static void wait_for(void *context, int64_t ns)
{
    (void)context;
    struct timespec left = {.tv_sec = ns / NS_PER_SEC, .tv_nsec = ns % NS_PER_SEC};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static double chance(void *context)
{
    (void)context;
    uint32_t bits = 0;
    if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
        abort(); /* cannot happen for so few bytes */
    return bits / 4294967296.0;
}

struct gcp_environment environment_real(struct http_client *client)
{
    return (struct gcp_environment){
        .send = send_it,
        .now_ns = now,
        .clock_ns = clock_time,
        .wait_ns = wait_for,
        .chance = chance,
        .context = client,
    };
}
