/* SPDX-License-Identifier: Apache-2.0 */
/* A channel in memory, with a network and a clock of the test's own. */
#ifndef TESTS_KN_LOCAL_DATAPLANE_CHANNEL_FIXTURE_H
#define TESTS_KN_LOCAL_DATAPLANE_CHANNEL_FIXTURE_H

#include "base/str.h"
#include "base/timestamp.h"
#include "tests/helpers/fake_dataplane_io.h"
#include "tests/helpers/test.h"

#include <string.h>

static const char ROOT[] = "http://127.0.0.1:1";

/* A channel with subscriptions, an event in it, and how that settled. */
struct fixture {
    struct fake_dataplane_io *fake;
    struct channel *channel;
    struct subscription *subscriptions[200];
    size_t count;
    struct fake_outcome outcome;
};

static inline void open_fixture(struct fixture *fixture)
{
    struct err err = {0};
    memset(fixture, 0, sizeof(*fixture));
    fixture->fake = fake_dataplane_io_new();
    fixture->channel = channel_open(&fixture->fake->io, NULL, "default", "pictures", &err);
    fake_outcome_init(&fixture->outcome);
}

static inline void own_fixture(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->count; i++) {
        channel_unsubscribe(fixture->channel, fixture->subscriptions[i], SUBSCRIPTION_REMOVED);
        subscription_release(fixture->subscriptions[i]);
    }
    channel_close(fixture->channel, true);
    fake_dataplane_io_free(fixture->fake);
}

/* What a subscription asks for; empty texts are absent. */
struct fixture_options {
    const char *reply, *dead_letter;
    struct delivery_policy policy;
};

static inline struct runtime_destination url_target(const char *url)
{
    return url ? (struct runtime_destination){.to = DESTINATION_URL, .url = url}
               : (struct runtime_destination){0};
}

static inline void subscribe(struct fixture *fixture, const char *name,
                             const struct fixture_options *options)
{
    struct err err = {0};
    OWN(free) char *url = str_format("http://%s/", name);
    struct runtime_subscription from = {
        .ns = "default",
        .name = name,
        .channel = "pictures",
        .subscriber = url_target(url),
        .reply = url_target(options ? options->reply : NULL),
        .dead_letter = url_target(options ? options->dead_letter : NULL),
    };
    if (options)
        from.policy = options->policy;
    struct subscription *subscription = subscription_new(&fixture->fake->io, ROOT, &from);
    EXPECT(channel_subscribe(fixture->channel, subscription, &err));
    fixture->subscriptions[fixture->count++] = subscription;
}

/* False: it was answered 503 at once. */
static inline bool take(struct fixture *fixture, const char *id)
{
    OWN(event_message) struct event_message *event = fake_event(id);
    fixture->outcome.status = 0;
    channel_take(fixture->channel, event, fake_receipt(&fixture->outcome));
    return fixture->outcome.status != ERR_UNAVAILABLE;
}

static inline const char *field(const struct fake_http_call *call, const char *name)
{
    const char *value = headers_get(&call->headers, name);
    return value ? value : "(absent)";
}

#endif
