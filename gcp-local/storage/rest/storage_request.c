/* SPDX-License-Identifier: Apache-2.0 */
/* A request that was routed: its parameters, its body, its answer. */
#include "base/str.h"
#include "gcp-local/storage/storage_private.h"
#include "net/url.h"

#include <string.h>
#include <sys/random.h>

/* The Host that the client used: Node takes the links in answers as they are. */
static char *base_of(const struct http_exchange *exchange)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_:[]";
    const char *host = headers_get(&exchange->headers, "Host");
    bool fine = !str_empty(host) && strspn(host, letters) == strlen(host);
    return str_format("%s://%s", exchange->tls ? "https" : "http", fine ? host : "localhost");
}

void storage_request_open(struct storage_request *request, struct http_exchange *exchange,
                          struct storage *storage)
{
    *request = (struct storage_request){
        .exchange = exchange, .storage = storage, .base = base_of(exchange)};
}

void storage_request_done(struct storage_request *request)
{
    api_path_done(&request->path);
    free(request->base);
    *request = (struct storage_request){0};
}

char *storage_request_query(const struct storage_request *request, const char *name)
{
    return url_query_get(request->exchange->query, name);
}

bool storage_request_flag(const struct storage_request *request, const char *name)
{
    OWN(free) char *value = storage_request_query(request, name);
    return value && (str_equal_any_case(value, "true") || str_equal(value, "1"));
}

bool storage_request_number(const struct storage_request *request, const char *name,
                            int64_t fallback, int64_t *value, struct err *err)
{
    OWN(free) char *text = storage_request_query(request, name);
    *value = fallback;
    return !text || str_int(text, 0, INT64_MAX, value) ||
           err_set(err, ERR_INPUT, "Invalid value '%s' for %s, want a number.", text, name);
}

bool storage_request_generation(const struct storage_request *request, int64_t *generation,
                                struct err *err)
{
    return storage_request_number(request, "generation", 0, generation, err);
}

json_t *storage_request_body(const struct storage_request *request, struct err *err)
{
    struct bytes body = buf_bytes(&request->exchange->body);
    while (body.len && strchr(" \t\r\n", body.data[body.len - 1]))
        body.len--;
    if (bytes_equal(body, bytes_of("null"))) /* Go's library, for want of anything to say */
        return json_object();
    return api_body(request->exchange, err);
}

bool storage_request_reply(struct storage_request *request, json_t *tree)
{
    http_exchange_reply_json(request->exchange, 200, tree);
    return true;
}

bool storage_request_reply_object(struct storage_request *request,
                                  const struct storage_object *object)
{
    return storage_request_reply(request, storage_object_to_json(object, request->base));
}

char *storage_request_random_id(void)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    unsigned char random[32];
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        abort(); /* does not happen for so few bytes */
    char text[sizeof(random) + 1] = "";
    for (size_t i = 0; i < sizeof(random); i++)
        text[i] = digits[random[i] % 32];
    return str_copy(text);
}
