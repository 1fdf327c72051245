/* SPDX-License-Identifier: Apache-2.0 */
/* The services with PUSH_AUDIENCE set: only Google's own tokens get in. */
#include "base/json/jread.h"
#include "base/str.h"
#include "tests/helpers/google_server.h"
#include "tests/helpers/keys.h"
#include "tests/helpers/process.h"
#include "tests/helpers/sockets.h"
#include "tests/helpers/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define AUDIENCE "https://vision.example.com/push"
#define EMAIL    "pubsub-push@knative-atamel.iam.gserviceaccount.com"
#define HEADER   "{\"alg\":\"RS256\",\"kid\":\"key-0\",\"typ\":\"JWT\"}"
/* valid until the year 2100 */
#define CLAIMS(audience, email, expires)                                                           \
    "{\"iss\":\"https://accounts.google.com\",\"aud\":\"" audience "\",\"iat\":1767225600,"        \
    "\"exp\":" expires ",\"email\":\"" email "\",\"email_verified\":true}"

static const char *const names[] = {"message-dumper", "vision", "translate"};

/* A service whose guard takes its keys from a server of the test. */
struct guarded {
    struct google_server google;
    struct process process;
    uint16_t port;
};

static void start(struct guarded *guarded, const char *name, char *keys)
{
    google_server_open(&guarded->google);
    guarded->google.keys = keys;
    OWN(free) char *host = google_server_host(&guarded->google);
    OWN(free) char *vision = str_format("VISION_EMULATOR_HOST=%s", host);
    OWN(free) char *translation = str_format("TRANSLATE_EMULATOR_HOST=%s", host);
    OWN(free) char *jwks = str_format("PUSH_JWKS_URL=http://%s/keys", host);
    const char *environment[] = {
        "PORT=0", "BIND_ADDRESS=127.0.0.1",  "GOOGLE_CLOUD_PROJECT=demo", vision, translation,
        jwks,     "PUSH_AUDIENCE=" AUDIENCE, "PUSH_EMAIL=" EMAIL,         NULL};
    process_start(&guarded->process, name, NULL, environment);
    guarded->port = process_port(&guarded->process);
}

static void own_guarded(struct guarded *guarded)
{
    process_stop(&guarded->process, SIGTERM);
    google_server_close(&guarded->google);
}

/* Posts a push with this token (NULL = none); the answer for free(). */
static char *push(const struct guarded *guarded, const char *token)
{
    static const char body[] = "{\"message\":{\"messageId\":\"1\",\"data\":\"SGVsbG8=\"},"
                               "\"subscription\":\"projects/p/subscriptions/s\"}";
    OWN(free) char *authorization =
        token ? str_format("Authorization: Bearer %s\r\n", token) : str_copy("");
    OWN(free) char *request =
        str_format("POST /push?x=1 HTTP/1.1\r\nHost: service\r\nConnection: close\r\n%s"
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   authorization, sizeof(body) - 1, body);
    return socket_request(guarded->port, bytes_of(request));
}

TEST(a_push_needs_a_valid_token_of_the_right_account)
{
    static const struct {
        const char *header, *claims;
        int key, status;
    } rows[] = {
        {HEADER, CLAIMS(AUDIENCE, EMAIL, "4102444800"), 0, 200},
        {HEADER, CLAIMS(AUDIENCE, "somebody@else.com", "4102444800"), 0, 403},
        {HEADER, CLAIMS("https://other.example.com", EMAIL, "4102444800"), 0, 401},
        {HEADER, CLAIMS(AUDIENCE, EMAIL, "1767225601"), 0, 401},
        {HEADER, CLAIMS(AUDIENCE, EMAIL, "4102444800"), 1, 401},
        {"{\"alg\":\"none\",\"kid\":\"key-0\"}", CLAIMS(AUDIENCE, EMAIL, "4102444800"), -1, 401},
    };
    for (size_t service = 0; service < ARRAY_SIZE(names); service++) {
        OWN(guarded) struct guarded guarded;
        start(&guarded, names[service], test_jwks("0"));
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
            OWN(free) char *token = test_token(rows[i].header, rows[i].claims, rows[i].key);
            OWN(free) char *response = push(&guarded, token);
            EXPECT_INT(socket_status(response), rows[i].status);
        }
        OWN(free) char *without = push(&guarded, NULL);
        EXPECT_INT(socket_status(without), 401);
        EXPECT_HAS(without, "WWW-Authenticate: Bearer\r\n");
    }
}

TEST(a_refused_token_is_not_logged)
{
    OWN(guarded) struct guarded guarded;
    start(&guarded, "message-dumper", test_jwks("0"));
    OWN(free) char *token = test_token(HEADER, CLAIMS(AUDIENCE, EMAIL, "1767225601"), 0);
    OWN(free) char *response = push(&guarded, token);
    process_await(&guarded.process, "401: ");
    OWN(free) char *log = process_log(&guarded.process);
    EXPECT(!strstr(log, token));
    EXPECT(!strstr(response, token));
}

/* A shared sample whole, or NULL in a checkout without them. */
static char *sample(const char *name)
{
    OWN(free) char *path = str_format("../shared/wire/samples/%s", name);
    OWN(file) FILE *file = fopen(path, "re");
    OWN(buf) struct buf content = {0};
    char piece[4096];
    for (size_t got; file && (got = fread(piece, 1, sizeof(piece), file)) > 0;)
        buf_add(&content, piece, got);
    return file ? buf_take(&content) : NULL;
}

/* The table above covers the same ground in any checkout. */
TEST_IF_EXISTS("../shared/wire/samples/oidc/jwks.json",
               the_shared_samples_with_tokens_get_their_status)
{
    static const struct {
        const char *file;
        int status;
    } rows[] = {
        {"d10-push-wrapped-oidc.http", 200},
        {"m25-push-no-token.http", 401},
        {"m26-push-expired-token.http", 401},
        {"m27-push-alg-none.http", 401},
    };
    char *keys = sample("oidc/jwks.json");
    EXPECT(keys != NULL);
    OWN(guarded) struct guarded guarded;
    start(&guarded, "vision", keys);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *request = sample(rows[i].file);
        OWN(fd) int fd = socket_connect(guarded.port);
        socket_send(fd, bytes_of(request));
        OWN(free) char *response = socket_read_response(fd);
        EXPECT_INT(socket_status(response), rows[i].status);
    }
}
