/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata server of virtual machines on Google Cloud: project, zone, account, tokens. Google's
 * libraries find it by GCE_METADATA_HOST. */
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "gcp-local/token/token_private.h"
#include "net/url.h"

#include <string.h>

static const char cloud_platform[] = "https://www.googleapis.com/auth/cloud-platform";
static const char accounts_path[] = "instance/service-accounts/";

static void reply(struct http_exchange *exchange, int status, const char *type, const char *text)
{
    struct http_reply reply = {.status = status, .content_type = type};
    headers_add(&reply.headers, "Metadata-Flavor", "Google");
    headers_add(&reply.headers, "Server", "Metadata Server for VM");
    buf_add_text(&reply.body, text);
    http_exchange_reply(exchange, &reply);
}

static void reply_text(struct http_exchange *exchange, const char *text)
{
    reply(exchange, 200, "application/text", text);
}

/* Decrefs the tree. */
static void reply_json(struct http_exchange *exchange, json_t *tree)
{
    OWN(free) char *text = json_to_text(tree);
    json_decref(tree);
    reply(exchange, 200, "application/json", text);
}

static void not_found(struct http_exchange *exchange)
{
    reply(exchange, 404, "text/plain", "no such metadata\n");
}

static void reply_token(struct http_exchange *exchange, struct token_service *tokens)
{
    OWN(free) char *scopes = url_query_get(exchange->query, "scopes");
    for (char *c = scopes; c && *c; c++)
        if (*c == ',')
            *c = ' ';
    OWN(free) char *token = token_service_access_token(tokens, tokens->email,
                                                       str_empty(scopes) ? cloud_platform : scopes);
    reply_json(exchange, json_pack("{s:s, s:i, s:s}", "access_token", token, "expires_in",
                                   TOKEN_LIFETIME_SEC - 1, "token_type", "Bearer"));
}

static void reply_identity(struct http_exchange *exchange, struct token_service *tokens)
{
    OWN(free) char *audience = url_query_get(exchange->query, "audience");
    if (str_empty(audience)) {
        reply(exchange, 400, "text/plain", "non-empty audience parameter required\n");
        return;
    }
    struct err err = {0};
    OWN(free) char *token = token_service_id_token(tokens, tokens->email, audience, &err);
    if (token)
        reply_text(exchange, token);
    else
        reply(exchange, err.status, "text/plain", err.text);
}

static json_t *account_tree(const struct token_service *tokens)
{
    return json_pack("{s:[s], s:s, s:[s]}", "aliases", "default", "email", tokens->email, "scopes",
                     cloud_platform);
}

static void reply_account(struct http_exchange *exchange, struct token_service *tokens)
{
    OWN(free) char *recursive = url_query_get(exchange->query, "recursive");
    if (str_equal_any_case(recursive, "true"))
        reply_json(exchange, account_tree(tokens));
    else
        reply_text(exchange, "aliases\nemail\nidentity\nscopes\ntoken\n");
}

static void reply_email(struct http_exchange *exchange, struct token_service *tokens)
{
    reply_text(exchange, tokens->email);
}

static void reply_scopes(struct http_exchange *exchange, struct token_service *tokens)
{
    (void)tokens;
    OWN(free) char *text = str_format("%s\n", cloud_platform);
    reply_text(exchange, text);
}

static void reply_aliases(struct http_exchange *exchange, struct token_service *tokens)
{
    (void)tokens;
    reply_text(exchange, "default\n");
}

/* The part of the path after the account's name; NULL when it names another account. */
static const char *after_account(const char *path, const struct token_service *tokens)
{
    const char *const names[] = {"default", tokens->email};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_starts(path, names[i])) {
            path += strlen(names[i]);
            return *path == '/' ? path + 1 : *path ? NULL : path;
        }
    return NULL;
}

static void reply_accounts(struct http_exchange *exchange, struct token_service *tokens)
{
    OWN(free) char *recursive = url_query_get(exchange->query, "recursive");
    if (str_equal_any_case(recursive, "true")) {
        reply_json(exchange, json_pack("{s:o, s:o}", "default", account_tree(tokens), tokens->email,
                                       account_tree(tokens)));
        return;
    }
    OWN(free) char *text = str_format("default/\n%s/\n", tokens->email);
    reply_text(exchange, text);
}

static void route_account(struct http_exchange *exchange, struct token_service *tokens,
                          const char *path)
{
    static const struct {
        const char *name;
        void (*reply)(struct http_exchange *exchange, struct token_service *tokens);
    } routes[] = {
        {"", reply_account},    {"token", reply_token},   {"identity", reply_identity},
        {"email", reply_email}, {"scopes", reply_scopes}, {"aliases", reply_aliases},
    };
    if (*path == '\0') {
        reply_accounts(exchange, tokens);
        return;
    }
    const char *name = after_account(path, tokens);
    for (size_t i = 0; name && i < ARRAY_SIZE(routes); i++)
        if (str_equal(name, routes[i].name)) {
            routes[i].reply(exchange, tokens);
            return;
        }
    not_found(exchange);
}

static void route_machine(struct http_exchange *exchange, struct token_service *tokens,
                          const char *path)
{
    OWN(free) char *zone = str_format("projects/%s/zones/us-central1-a", tokens->project_number);
    OWN(free) char *region = str_format("projects/%s/regions/us-central1", tokens->project_number);
    const struct {
        const char *path, *text;
    } values[] = {
        {"project/project-id", tokens->project},
        {"project/numeric-project-id", tokens->project_number},
        {"instance/zone", zone},
        {"instance/region", region},
        {"instance/id", "1"},
        {"instance/name", "gcp-local"},
        {"instance/hostname", "localhost"},
        {"universe/universe-domain", "googleapis.com"},
        {"universe/universe_domain", "googleapis.com"},
        {"", "instance/\nproject/\nuniverse/\n"},
        {"instance/", "hostname\nid\nname\nregion\nservice-accounts/\nzone\n"},
        {"project/", "numeric-project-id\nproject-id\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        if (str_equal(path, values[i].path)) {
            reply_text(exchange, values[i].text);
            return;
        }
    not_found(exchange);
}

/* A web page can make a browser send a GET, but not with Metadata-Flavor. A proxy misused for it
 * adds X-Forwarded-For. */
static bool is_from_program(const struct headers *headers)
{
    return str_equal_any_case(headers_get(headers, "Metadata-Flavor"), "Google") &&
           !headers_get(headers, "X-Forwarded-For");
}

void metadata_api_handle(struct http_exchange *exchange, struct token_service *tokens)
{
    static const char root[] = "/computeMetadata/v1";
    if (str_equal(exchange->path, "/computeMetadata/")) {
        reply_text(exchange, "v1/\n");
        return;
    }
    if (!is_from_program(&exchange->headers)) {
        reply(exchange, 403, "text/plain",
              "Missing Metadata-Flavor:Google header, or forwarded by a proxy\n");
        return;
    }
    OWN(free) char *path = url_decode(bytes_of(exchange->path), false);
    if (!path || !str_starts(path, root) || !str_equal(exchange->method, "GET")) {
        not_found(exchange);
        return;
    }
    const char *rest = path + strlen(root);
    rest += *rest == '/';
    if (str_starts(rest, accounts_path))
        route_account(exchange, tokens, rest + strlen(accounts_path));
    else
        route_machine(exchange, tokens, rest);
}
