/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of a program: sockets, clocks, sleep and the kernel's random numbers. */
#include "gcp/call/environment.h"

#include "base/random.h"
#include "base/timestamp.h"

#include <errno.h>
#include <time.h>

static bool send_request(void *context, const struct http_call *call,
                         struct http_response *response, struct err *err)
{
    return http_client_send(context, call, response, err);
}

static int64_t wall_clock_ns(void *context)
{
    (void)context;
    return timestamp_now_ns();
}

static int64_t monotonic_ns(void *context)
{
    (void)context;
    return timestamp_monotonic_ns();
}

static void sleep_ns(void *context, int64_t ns)
{
    (void)context;
    struct timespec left = {.tv_sec = ns / NS_PER_SEC, .tv_nsec = ns % NS_PER_SEC};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static double random_fraction(void *context)
{
    (void)context;
    return (double)random_below(UINT32_MAX) / UINT32_MAX;
}

struct gcp_environment environment_real(struct http_client *client)
{
    return (struct gcp_environment){
        .send = send_request,
        .now_ns = wall_clock_ns,
        .monotonic_ns = monotonic_ns,
        .sleep_ns = sleep_ns,
        .random = random_fraction,
        .context = client,
    };
}
