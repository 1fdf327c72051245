/* SPDX-License-Identifier: Apache-2.0 */
#include "gcp-local/pubsub/engine/settings.h"

#include "base/json/json_at.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/api/proto_json.h"
#include "gcp-local/pubsub/engine/pubsub_name.h"
#include "net/url.h"

#include <string.h>

static const int64_t minute = 60LL * NS_PER_SEC, day = 86400LL * NS_PER_SEC;

enum { MAX_LABELS = 64, MAX_LABEL_BYTES = 63 * 4, MAX_ENDPOINT_BYTES = 2048 };

/* A duration, which proto_json_read has checked. */
static int64_t duration_of(const json_t *object, const char *key, int64_t fallback)
{
    int64_t duration = fallback;
    if (json_object_get(object, key))
        proto_json_parse_duration(json_text_at(object, key), &duration);
    return duration;
}

static void set_default(json_t *object, const char *key, json_t *value)
{
    if (json_object_get(object, key))
        json_decref(value);
    else
        json_object_set_new(object, key, value);
}

/* Refuses what the API knows but gcp-local does not support. */
static bool check_supported(const json_t *resource, struct err *err)
{
    static const char *const unsupported[] = {"schemaSettings", "ingestionDataSourceSettings",
                                              "bigqueryConfig", "cloudStorageConfig",
                                              "messageTransforms"};
    for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++) {
        const json_t *value = json_object_get(resource, unsupported[i]);
        if (value && !(json_is_array(value) && json_array_size(value) == 0))
            return err_set(err, ERR_INPUT, "%s is not supported by gcp-local", unsupported[i]);
    }
    return true;
}

static bool check_labels(const json_t *resource, struct err *err)
{
    const json_t *labels = json_object_get(resource, "labels");
    if (json_object_size(labels) > MAX_LABELS)
        return err_set(err, ERR_INPUT, "Too many labels: %zu, the maximum is %d",
                       json_object_size(labels), MAX_LABELS);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)labels, key, value)
    {
        if (str_empty(key) || strlen(key) > MAX_LABEL_BYTES ||
            json_string_length(value) > MAX_LABEL_BYTES)
            return err_set(err, ERR_INPUT, "Invalid label: %.80s", key);
    }
    return true;
}

static bool check_retention(const json_t *resource, struct err *err)
{
    int64_t retention = duration_of(resource, "messageRetentionDuration", 10 * minute);
    if (retention >= 10 * minute && retention <= 31 * day)
        return true;
    return err_set(err, ERR_INPUT,
                   "message_retention_duration out of bounds. You passed %s, but the value must be "
                   "between 600s and 2678400s.",
                   json_text_at(resource, "messageRetentionDuration"));
}

bool settings_check_topic(const json_t *topic, struct err *err)
{
    return check_supported(topic, err) && check_labels(topic, err) && check_retention(topic, err);
}

int64_t settings_topic_retention_ns(const json_t *topic)
{
    return duration_of(topic, "messageRetentionDuration", 0);
}

static bool check_push(json_t *subscription, struct err *err)
{
    json_t *push = json_object_get(subscription, "pushConfig");
    const char *endpoint = json_text_at(push, "pushEndpoint");
    if (!endpoint)
        return true;
    OWN(url) struct url url = {0};
    if (strlen(endpoint) > MAX_ENDPOINT_BYTES || !url_parse(endpoint, &url))
        return err_set(err, ERR_INPUT, "Unsupported push_endpoint");
    if (json_object_get(push, "noWrapper") && json_object_get(push, "pubsubWrapper"))
        return err_set(err, ERR_INPUT, "push_config has both no_wrapper and pubsub_wrapper");
    const json_t *oidc = json_object_get(push, "oidcToken");
    if (oidc && !json_text_at(oidc, "serviceAccountEmail"))
        return err_set(err, ERR_INPUT, "oidc_token needs a service_account_email");
    return true;
}

static bool check_ack_deadline(const json_t *subscription, struct err *err)
{
    json_int_t sec = json_integer_value(json_object_get(subscription, "ackDeadlineSeconds"));
    if (sec >= MIN_ACK_DEADLINE_SEC && sec <= MAX_ACK_DEADLINE_SEC)
        return true;
    return err_set(
        err, ERR_INPUT,
        "ack_deadline_secs out of bounds. You passed %lld, but the value must be between "
        "%d and %d.",
        (long long)sec, MIN_ACK_DEADLINE_SEC, MAX_ACK_DEADLINE_SEC);
}

static bool check_expiration(const json_t *subscription, struct err *err)
{
    const json_t *policy = json_object_get(subscription, "expirationPolicy");
    int64_t ttl = duration_of(policy, "ttl", day);
    if (ttl < day)
        return err_set(err, ERR_INPUT,
                       "The value for ttl is too small. You passed %s in the request, but the "
                       "minimum value is 86400s.",
                       json_text_at(policy, "ttl"));
    return true;
}

static bool out_of_range(struct err *err, const char *size, long long value, const char *bound,
                         int limit)
{
    return err_set_reason(
        err, ERR_INPUT, "OUT_OF_RANGE",
        "The value for max_delivery_attempts is too %s. You passed %lld in the request, "
        "but the %s value is %d.",
        size, value, bound, limit);
}

static bool check_dead_letter(json_t *subscription, struct err *err)
{
    json_t *policy = json_object_get(subscription, "deadLetterPolicy");
    if (!policy)
        return true;
    set_default(policy, "maxDeliveryAttempts", json_integer(MIN_DELIVERY_ATTEMPTS));
    long long max = json_integer_value(json_object_get(policy, "maxDeliveryAttempts"));
    if (max < MIN_DELIVERY_ATTEMPTS)
        return out_of_range(err, "small", max, "minimum", MIN_DELIVERY_ATTEMPTS);
    if (max > MAX_DELIVERY_ATTEMPTS)
        return out_of_range(err, "large", max, "maximum", MAX_DELIVERY_ATTEMPTS);
    return true;
}

static bool check_backoff(const json_t *policy, const char *key, const char *name, struct err *err)
{
    int64_t backoff = duration_of(policy, key, 0);
    if (backoff >= 0 && backoff <= 10 * minute)
        return true;
    return err_set(err, ERR_INPUT,
                   "The value for %s is out of bounds. You passed %s in the request, but the value "
                   "must be between 0s and 600s.",
                   name, json_text_at(policy, key));
}

static bool check_retry(json_t *subscription, struct err *err)
{
    json_t *policy = json_object_get(subscription, "retryPolicy");
    if (!policy)
        return true;
    set_default(policy, "minimumBackoff", json_string("10s"));
    set_default(policy, "maximumBackoff", json_string("600s"));
    if (!check_backoff(policy, "minimumBackoff", "minimum_backoff", err) ||
        !check_backoff(policy, "maximumBackoff", "maximum_backoff", err))
        return false;
    if (duration_of(policy, "maximumBackoff", 0) >= duration_of(policy, "minimumBackoff", 0))
        return true;
    return err_set(err, ERR_INPUT,
                   "The value for maximum_backoff is too small. You passed %s in the request, but "
                   "the minimum value is %s.",
                   json_text_at(policy, "maximumBackoff"), json_text_at(policy, "minimumBackoff"));
}

static bool check_filter(const json_t *subscription, struct err *err)
{
    const char *text = json_text_at(subscription, "filter");
    struct filter *filter = text ? filter_parse(text, err) : NULL;
    filter_free(filter);
    return !text || filter;
}

bool settings_complete_subscription(json_t *subscription, struct err *err)
{
    set_default(subscription, "pushConfig", json_object());
    set_default(subscription, "ackDeadlineSeconds", json_integer(MIN_ACK_DEADLINE_SEC));
    set_default(subscription, "messageRetentionDuration", json_string("604800s"));
    return check_supported(subscription, err) && check_labels(subscription, err) &&
           check_push(subscription, err) && check_ack_deadline(subscription, err) &&
           check_retention(subscription, err) && check_expiration(subscription, err) &&
           check_dead_letter(subscription, err) && check_retry(subscription, err) &&
           check_filter(subscription, err);
}

/* 31 days without a policy; never with a policy without ttl. */
static int64_t ttl_of(const json_t *subscription)
{
    const json_t *policy = json_object_get(subscription, "expirationPolicy");
    return policy ? duration_of(policy, "ttl", 0) : 31 * day;
}

bool settings_from_subscription(const json_t *subscription, struct subscription_settings *settings,
                                struct err *err)
{
    const json_t *retry = json_object_get(subscription, "retryPolicy");
    const char *filter = json_text_at(subscription, "filter");
    const json_t *push = json_object_get(subscription, "pushConfig");
    const char *audience = json_text_at(push, "oidcToken.audience");
    if (!audience)
        audience = json_text_at(push, "pushEndpoint");
    *settings = (struct subscription_settings){
        .ack_deadline_ns = json_int_at(subscription, "ackDeadlineSeconds", 0) * NS_PER_SEC,
        .retention_ns = duration_of(subscription, "messageRetentionDuration", 7 * day),
        .ttl_ns = ttl_of(subscription),
        .min_backoff_ns = duration_of(retry, "minimumBackoff", 0),
        .max_backoff_ns = duration_of(retry, "maximumBackoff", 0),
        .retain_acked = json_bool_at(subscription, "retainAckedMessages"),
        .ordering = json_bool_at(subscription, "enableMessageOrdering"),
        .exactly_once = json_bool_at(subscription, "enableExactlyOnceDelivery"),
        .detached = json_bool_at(subscription, "detached"),
        .max_attempts = (int)json_int_at(subscription, "deadLetterPolicy.maxDeliveryAttempts", 0),
        .dead_letter_topic =
            str_copy(json_text_at(subscription, "deadLetterPolicy.deadLetterTopic")),
        .filter = filter ? filter_parse(filter, err) : NULL,
        .push = {.endpoint = str_copy(json_text_at(push, "pushEndpoint")),
                 .oidc_email = str_copy(json_text_at(push, "oidcToken.serviceAccountEmail")),
                 .oidc_audience = str_copy(audience),
                 .unwrapped = json_object_get(push, "noWrapper") != NULL,
                 .metadata = json_bool_at(push, "noWrapper.writeMetadata")},
    };
    if (!filter || settings->filter)
        return true;
    settings_done(settings);
    return false;
}

void settings_done(struct subscription_settings *settings)
{
    filter_free(settings->filter);
    free(settings->dead_letter_topic);
    free(settings->push.endpoint);
    free(settings->push.oidc_email);
    free(settings->push.oidc_audience);
    *settings = (struct subscription_settings){0};
}
