/* SPDX-License-Identifier: Apache-2.0 */
/* Push: messages posted to a subscription's endpoint, several at a time while it takes them, after
 * growing pauses while it does not. */
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/pubsub_private.h"
#include "gcp-local/pubsub/wire/json_writer.h"

static const int64_t least_pause = 100LL * NS_PER_MS, most_pause = 60LL * NS_PER_SEC,
                     token_life = 1800LL * NS_PER_SEC;

enum { FIRST_WINDOW = 4, MOST_WINDOW = 64 };

/* A subscription's push. */
struct pusher {
    struct heap_node resume;           /* in pubsub->resumes while it pauses */
    struct subscription *subscription; /* NULL once that is gone */
    unsigned users;                    /* the subscription, and each call under way */
    unsigned under_way, window;
    int64_t pause_ns;                           /* after the last failure; 0 = none */
    char *token, *token_email, *token_audience; /* the last one made */
    int64_t token_until_ns;
};

/* One message on its way. */
struct push_call {
    struct pubsub *pubsub;
    struct pusher *pusher;
    struct lease lease;
    struct http_call http;
    struct headers headers;
    struct buf body;
    char *url;
};

static void pusher_unref(struct pusher *pusher)
{
    if (--pusher->users)
        return;
    free(pusher->token);
    free(pusher->token_email);
    free(pusher->token_audience);
    free(pusher);
}

static struct pusher *pusher_of(struct subscription *subscription)
{
    struct pusher *pusher = subscription->pushing;
    if (!pusher) {
        pusher = alloc_zeroed(sizeof(*pusher));
        *pusher = (struct pusher){.subscription = subscription, .users = 1, .window = FIRST_WINDOW};
        subscription->pushing = pusher;
    }
    return pusher;
}

void push_drop(struct pubsub *pubsub, struct subscription *subscription)
{
    struct pusher *pusher = subscription->pushing;
    if (!pusher)
        return;
    heap_remove(&pubsub->resumes, &pusher->resume);
    pusher->subscription = NULL;
    subscription->pushing = NULL;
    pusher_unref(pusher);
}

/* The token for the configured account, made anew when it is old or for another. */
static const char *token_of(const struct pubsub_transaction *turn, struct pusher *pusher,
                            const struct push_settings *rules)
{
    const struct pubsub_options *options = &turn->pubsub->options;
    if (!rules->oidc_email || !options->id_token)
        return NULL;
    if (pusher->token_until_ns <= turn->now_ns ||
        !str_equal(pusher->token_email, rules->oidc_email) ||
        !str_equal(pusher->token_audience, rules->oidc_audience)) {
        str_replace(&pusher->token,
                    options->id_token(rules->oidc_email, rules->oidc_audience, options->context));
        str_replace(&pusher->token_email, str_copy(rules->oidc_email));
        str_replace(&pusher->token_audience, str_copy(rules->oidc_audience));
        pusher->token_until_ns = turn->now_ns + token_life;
    }
    return pusher->token;
}

/* Fields that belong to the transfer are nobody's to set by an attribute. */
static bool may_be_header(const char *name)
{
    static const char *const kept[] = {"authorization",
                                       "host",
                                       "content-length",
                                       "transfer-encoding",
                                       "connection",
                                       "expect",
                                       "te",
                                       "upgrade",
                                       "trailer"};
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (str_equal_any_case(name, kept[i]))
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

    const char *at = NULL, *name, *value;
    while (stored_message_next_attribute(stored_message_attributes(message), &at, &name, &value))
        if (may_be_header(name))
            headers_add(&call->headers, name, value); /* left out when it can be none */
}

static void write_body(struct push_call *call, const struct subscription *subscription)
{
    const struct subscription_settings *rules = &subscription->rules;
    if (rules->push.unwrapped) {
        struct bytes data = stored_message_data(call->lease.message);
        buf_add(&call->body, data.data, data.len);
        if (rules->push.metadata)
            add_metadata(call, subscription);
        if (!headers_get(&call->headers, "Content-Type"))
            headers_add(&call->headers, "Content-Type", "application/octet-stream");
        return;
    }
    headers_add(&call->headers, "Content-Type", "application/json");
    json_writer_add_push_body(&call->body, subscription->name, call->lease.message,
                              rules->dead_letter_topic ? call->lease.attempt : 0);
}

static struct push_call *make_call(const struct pubsub_transaction *turn,
                                   struct subscription *subscription, struct lease lease)
{
    struct pusher *pusher = subscription->pushing;
    const struct subscription_settings *rules = &subscription->rules;
    struct push_call *call = alloc_zeroed(sizeof(*call));
    *call = (struct push_call){.pubsub = turn->pubsub,
                               .pusher = pusher,
                               .lease = lease,
                               .url = str_copy(rules->push.endpoint)};
    pusher->users++;
    write_body(call, subscription);
    const char *token = token_of(turn, pusher, &rules->push);
    if (token) {
        OWN(free) char *bearer = str_format("Bearer %s", token);
        headers_add(&call->headers, "Authorization", bearer);
    }
    call->http = (struct http_call){
        .method = "POST",
        .url = call->url,
        .headers = &call->headers,
        .body = buf_bytes(&call->body),
        .timeout_ms = (long)(rules->ack_deadline_ns / NS_PER_MS),
        .stop_at_status = 102, /* which acknowledges, though in HTTP another answer would follow */
    };
    return call;
}

static void free_call(struct push_call *call)
{
    pusher_unref(call->pusher);
    stored_message_unref(call->lease.message);
    headers_done(&call->headers);
    buf_done(&call->body);
    free(call->url);
    free(call);
}

static bool acknowledges(const struct http_response *answer)
{
    if (!answer)
        return false;
    switch (answer->status) {
    case 102:
    case 200:
    case 201:
    case 202:
    case 204:
        return true;
    default:
        return false;
    }
}

static void succeeded(struct pubsub_transaction *turn, struct subscription *subscription,
                      struct lease lease)
{
    struct pusher *pusher = subscription->pushing;
    pusher->pause_ns = 0;
    if (pusher->window < MOST_WINDOW)
        pusher->window++;
    engine_ack(&turn->pubsub->engine, subscription, lease.number, lease.slot, turn->now_ns);
}

/* With a retry policy each message pauses for itself; else all of the subscription's pause. */
static void failed(struct pubsub_transaction *turn, struct subscription *subscription,
                   struct lease lease)
{
    struct pusher *pusher = subscription->pushing;
    engine_modify_ack_deadline(&turn->pubsub->engine, subscription, lease.number, lease.slot, 0,
                               turn->now_ns);
    if (subscription->rules.max_backoff_ns || heap_contains(&pusher->resume))
        return;
    pusher->window = FIRST_WINDOW;
    pusher->pause_ns = pusher->pause_ns ? pusher->pause_ns * 2 : least_pause;
    if (pusher->pause_ns > most_pause)
        pusher->pause_ns = most_pause;
    heap_set(&turn->pubsub->resumes, &pusher->resume, turn->now_ns + pusher->pause_ns);
}

static void push_ended(struct http_response *answer, const struct err *err, void *context)
{
    (void)err; /* no answer is a failure like any other */
    struct push_call *call = context;
    struct pubsub *pubsub = call->pubsub;
    struct pubsub_transaction turn = pubsub_transaction_begin(pubsub);
    struct subscription *subscription = call->pusher->subscription;
    call->pusher->under_way--;
    if (subscription && acknowledges(answer))
        succeeded(&turn, subscription, call->lease);
    else if (subscription)
        failed(&turn, subscription, call->lease);
    if (subscription)
        push_deliver(&turn, subscription);
    free_call(call);
    pubsub->pushing--;
    pthread_cond_broadcast(&pubsub->changed);
    pubsub_transaction_end(&turn, NULL, NULL);
}

void push_deliver(struct pubsub_transaction *turn, struct subscription *subscription)
{
    struct pubsub *pubsub = turn->pubsub;
    const struct pubsub_options *options = &pubsub->options;
    if (!subscription->rules.push.endpoint || !options->client || pubsub->stopping)
        return;
    struct http_client *client = options->client(options->context);
    if (!client)
        return;
    struct pusher *pusher = pusher_of(subscription);
    struct lease lease;
    while (!heap_contains(&pusher->resume) && pusher->under_way < pusher->window &&
           engine_pull(&pubsub->engine, subscription, turn->now_ns, 1, true, &lease)) {
        struct push_call *call = make_call(turn, subscription, lease);
        pusher->under_way++;
        pubsub->pushing++;
        http_client_start(client, &call->http, push_ended, call);
    }
}

void push_tick(struct pubsub_transaction *turn)
{
    struct heap *resumes = &turn->pubsub->resumes;
    struct heap_node *first;
    while ((first = heap_first(resumes)) && first->key <= turn->now_ns) {
        heap_remove(resumes, first);
        push_deliver(turn, heap_container_of(first, struct pusher, resume)->subscription);
    }
}
