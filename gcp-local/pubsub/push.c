/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/push.h"

#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/wire/message_json.h"
#include "net/client/http_client.h"

#include <pthread.h>
#include <utlist.h>

static const int64_t min_pause = 100LL * NS_PER_MS, max_pause = 60LL * NS_PER_SEC,
                     token_lifetime = 1800LL * NS_PER_SEC;

enum { MIN_WINDOW = 4, MAX_WINDOW = 64 };

/* The push side of a subscription. Guarded by the lock of Pub/Sub but for the token. */
struct pusher {
    struct heap_node resume;           /* in pushes->resumes while it pauses */
    struct subscription *subscription; /* NULL once deleted */
    unsigned users;                    /* the subscription, and each call */
    unsigned in_flight, window;
    int64_t pause_ns;           /* after the last failure; 0 = none */
    pthread_mutex_t token_lock; /* guards what follows */
    char *token, *token_email, *token_audience;
    int64_t token_expires_ns;
};

/* A message on its way to the endpoint. */
struct push_call {
    struct pushes *pushes;
    struct pusher *pusher;
    struct lease lease;
    struct headers headers;
    struct buf body;
    char *url, *oidc_email, *oidc_audience;
    struct http_call http;
    struct push_call *prev, *next; /* in pushes->calls */
};

static void pusher_unref(struct pusher *pusher)
{
    if (--pusher->users)
        return;
    pthread_mutex_destroy(&pusher->token_lock);
    free(pusher->token);
    free(pusher->token_email);
    free(pusher->token_audience);
    free(pusher);
}

static struct pusher *pusher_of(struct subscription *subscription)
{
    if (!subscription->pusher) {
        struct pusher *pusher = alloc_zeroed(sizeof(*pusher));
        *pusher = (struct pusher){.subscription = subscription, .users = 1, .window = MIN_WINDOW};
        pthread_mutex_init(&pusher->token_lock, NULL);
        subscription->pusher = pusher;
    }
    return subscription->pusher;
}

void push_cancel(struct pushes *pushes, struct subscription *subscription)
{
    struct pusher *pusher = subscription->pusher;
    if (!pusher)
        return;
    heap_remove(&pushes->resumes, &pusher->resume);
    pusher->subscription = NULL;
    subscription->pusher = NULL;
    pusher_unref(pusher);
}

/* Whether an attribute may become a header field: not those that belong to the transfer. */
static bool may_be_header(const char *name)
{
    static const char *const reserved[] = {"authorization",
                                           "host",
                                           "content-length",
                                           "transfer-encoding",
                                           "connection",
                                           "expect",
                                           "te",
                                           "upgrade",
                                           "trailer"};
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
        if (str_equal_any_case(name, reserved[i]))
            return false;
    return true;
}

static void add_metadata(struct push_call *call, const struct subscription *subscription)
{
    const struct stored_message *message = call->lease.message;
    char time[PROTO_JSON_TIME_TEXT];
    proto_json_time_text(message->published_ns, time);
    OWN(free) char *id = str_format("%lld", (long long)message->id);
    headers_add(&call->headers, "x-goog-pubsub-subscription-name", subscription->name);
    headers_add(&call->headers, "x-goog-pubsub-message-id", id);
    headers_add(&call->headers, "x-goog-pubsub-publish-time", time);
    if (message->key_len)
        headers_add(&call->headers, "x-goog-pubsub-ordering-key",
                    stored_message_ordering_key(message));

    const char *position = NULL, *name, *value;
    while (
        stored_message_next_attribute(stored_message_attributes(message), &position, &name, &value))
        if (may_be_header(name))
            headers_add(&call->headers, name, value); /* not added when invalid */
}

static void write_body(struct push_call *call, const struct subscription *subscription)
{
    const struct subscription_settings *settings = &subscription->settings;
    if (settings->push.unwrapped) {
        struct bytes data = stored_message_data(call->lease.message);
        buf_add(&call->body, data.data, data.len);
        if (settings->push.metadata)
            add_metadata(call, subscription);
        if (!headers_get(&call->headers, "Content-Type"))
            headers_add(&call->headers, "Content-Type", "application/octet-stream");
        return;
    }
    headers_add(&call->headers, "Content-Type", "application/json");
    message_json_add_push_body(&call->body, subscription->name, call->lease.message,
                               settings->dead_letter_topic ? call->lease.attempt : 0);
}

static void add_call(struct pushes *pushes, struct subscription *subscription, struct lease lease)
{
    const struct subscription_settings *settings = &subscription->settings;
    struct push_call *call = alloc_zeroed(sizeof(*call));
    *call = (struct push_call){
        .pushes = pushes,
        .pusher = subscription->pusher,
        .lease = lease,
        .url = str_copy(settings->push.endpoint),
        .oidc_email = str_copy(settings->push.oidc_email),
        .oidc_audience = str_copy(settings->push.oidc_audience),
    };
    write_body(call, subscription);
    call->http = (struct http_call){
        .method = "POST",
        .url = call->url,
        .headers = &call->headers,
        .body = buf_bytes(&call->body),
        .timeout_ms = (long)(settings->ack_deadline_ns / NS_PER_MS),
        .stop_at_status = 102, /* acknowledges, though in HTTP a final response would follow */
    };
    call->pusher->users++;
    call->pusher->in_flight++;
    DL_APPEND(pushes->calls, call);
}

static void free_call(struct push_call *call)
{
    pusher_unref(call->pusher);
    stored_message_unref(call->lease.message);
    headers_done(&call->headers);
    buf_done(&call->body);
    free(call->url);
    free(call->oidc_email);
    free(call->oidc_audience);
    free(call);
}

void push_deliver(struct pushes *pushes, struct subscription *subscription, int64_t now_ns)
{
    if (!subscription->settings.push.endpoint || !pushes->client || pushes->stopping)
        return;
    struct pusher *pusher = pusher_of(subscription);
    struct lease lease;
    while (!heap_contains(&pusher->resume) && pusher->in_flight < pusher->window &&
           engine_pull(pushes->engine, subscription, now_ns, 1, true, &lease))
        add_call(pushes, subscription, lease);
}

void push_resume(struct pushes *pushes, int64_t now_ns)
{
    struct heap_node *first;
    while ((first = heap_first(&pushes->resumes)) && first->key <= now_ns) {
        heap_remove(&pushes->resumes, first);
        push_deliver(pushes, heap_container_of(first, struct pusher, resume)->subscription, now_ns);
    }
}

static void pause_pusher(struct pushes *pushes, struct pusher *pusher, int64_t now_ns)
{
    if (heap_contains(&pusher->resume))
        return;
    pusher->window = MIN_WINDOW;
    pusher->pause_ns = pusher->pause_ns ? pusher->pause_ns * 2 : min_pause;
    if (pusher->pause_ns > max_pause)
        pusher->pause_ns = max_pause;
    heap_set(&pushes->resumes, &pusher->resume, now_ns + pusher->pause_ns);
}

void push_end(struct pushes *pushes, struct push_call *call, enum push_outcome outcome,
              int64_t now_ns)
{
    struct pusher *pusher = call->pusher;
    struct subscription *subscription = pusher->subscription;
    const struct lease *lease = &call->lease;
    pusher->in_flight--;
    if (subscription && outcome == PUSH_ACKNOWLEDGED) {
        pusher->pause_ns = 0;
        if (pusher->window < MAX_WINDOW)
            pusher->window++;
        engine_ack(pushes->engine, subscription, lease->number, lease->slot, now_ns);
    } else if (subscription && outcome == PUSH_NOT_SENT) {
        engine_cancel_lease(pushes->engine, subscription, lease->number, lease->slot);
        pause_pusher(pushes, pusher, now_ns);
    } else if (subscription) {
        engine_modify_ack_deadline(pushes->engine, subscription, lease->number, lease->slot, 0,
                                   now_ns);
        /* with a retry policy each message pauses for itself */
        if (!subscription->settings.max_backoff_ns)
            pause_pusher(pushes, pusher, now_ns);
    }
    if (subscription)
        push_deliver(pushes, subscription, now_ns);
    free_call(call);
}

struct push_call *push_take(struct pushes *pushes)
{
    struct push_call *calls = pushes->calls;
    pushes->calls = NULL;
    return calls;
}

/* Adds the token of the configured account. False when it cannot be made. */
static bool add_token(struct push_call *call, int64_t now_ns)
{
    const struct pushes *pushes = call->pushes;
    struct pusher *pusher = call->pusher;
    if (!call->oidc_email || !pushes->id_token)
        return true;
    pthread_mutex_lock(&pusher->token_lock);
    if (pusher->token_expires_ns <= now_ns || !str_equal(pusher->token_email, call->oidc_email) ||
        !str_equal(pusher->token_audience, call->oidc_audience)) {
        str_replace(&pusher->token,
                    pushes->id_token(call->oidc_email, call->oidc_audience, pushes->context));
        str_replace(&pusher->token_email, str_copy(call->oidc_email));
        str_replace(&pusher->token_audience, str_copy(call->oidc_audience));
        pusher->token_expires_ns = pusher->token ? now_ns + token_lifetime : 0;
    }
    OWN(free) char *bearer = pusher->token ? str_format("Bearer %s", pusher->token) : NULL;
    pthread_mutex_unlock(&pusher->token_lock);
    if (bearer)
        headers_add(&call->headers, "Authorization", bearer);
    return bearer != NULL;
}

static bool acknowledges(int status)
{
    return status == 102 || status == 200 || status == 201 || status == 202 || status == 204;
}

static void on_response(struct http_response *response, const struct err *err, void *context)
{
    (void)err; /* without a response the push has failed */
    struct push_call *call = context;
    bool acknowledged = response && acknowledges(response->status);
    call->pushes->ended(call, acknowledged ? PUSH_ACKNOWLEDGED : PUSH_FAILED,
                        call->pushes->ended_context);
}

void push_send(struct pushes *pushes, struct push_call *calls, int64_t now_ns)
{
    struct http_client *client = calls ? pushes->client(pushes->context) : NULL;
    struct push_call *call, *next;
    DL_FOREACH_SAFE(calls, call, next)
    {
        if (client && add_token(call, now_ns))
            http_client_start(client, &call->http, on_response, call);
        else
            pushes->ended(call, PUSH_NOT_SENT, pushes->ended_context);
    }
}

void push_done(struct pushes *pushes)
{
    heap_done(&pushes->resumes);
}
