/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and their keys: one file for each key in DATA/accounts. */
#include "gcp-local/token/account.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/json/jread.h"
#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "gcp-local/token/rsa_key.h"
#include "net/url.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

enum { ID_DIGITS = 40, MAX_RECORD = 16384, MAX_EMAIL = 254 };

void account_key_done(struct account_key *key)
{
    free(key->id);
    free(key->email);
    free(key->project);
    free(key->created);
    free(key->public_pem);
    free(key->secret);
    *key = (struct account_key){0};
}

void account_keys_done(struct account_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        account_key_done(&keys->list[i]);
    free(keys->list);
    *keys = (struct account_keys){0};
}

static bool is_email_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-_.+@", c));
}

char *account_email(const char *account, const char *project, struct err *err)
{
    OWN(free) char *email = strchr(account, '@')
                                ? str_copy(account)
                                : str_format("%s@%s.iam.gserviceaccount.com", account, project);
    const char *at = strchr(email, '@');
    bool ok = at > email && at[1] && !strchr(at + 1, '@') && strlen(email) <= MAX_EMAIL;
    for (const char *c = email; *c && ok; c++)
        ok = is_email_character(*c);
    if (ok)
        return move_ptr(&email);
    err_set(err, ERR_INPUT, "%s is not an account; give a name or an e-mail address", account);
    return NULL;
}

void account_unique_id(const char *email, char id[22])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)email, strlen(email), digest);
    id[0] = '1';
    for (int i = 1; i < 21; i++)
        id[i] = (char)('0' + digest[i] % 10);
    id[21] = '\0';
}

char *account_refresh_token_id(const char *refresh_token)
{
    return rsa_key_id(refresh_token); /* a digest, of any string */
}

static bool is_id(const char *text)
{
    return text && strlen(text) == ID_DIGITS && strspn(text, "0123456789abcdef") == ID_DIGITS;
}

static char *record_path(const char *dir, const char *id)
{
    return str_format("%s/%s.json", dir, id);
}

static bool record_write(const char *dir, const char *id, const char *email, const char *project,
                         const char *field, const char *value, struct err *err)
{
    char now[TIMESTAMP_SIZE];
    timestamp_format(timestamp_now_ns() / NS_PER_SEC * NS_PER_SEC, now);
    json_auto_t *record = json_pack("{s:s, s:s, s:s, s:s}", "account", email, "project", project,
                                    "created", now, field, value);
    OWN(free) char *text = json_to_text(record);
    OWN(free) char *path = record_path(dir, id);
    return file_make_dirs(dir, err) && file_write(path, 0600, bytes_of(text), err);
}

bool account_key_find(const char *dir, const char *id, struct account_key *key, struct err *err)
{
    if (!is_id(id))
        return err_set(err, ERR_NOT_FOUND, "no such key");
    OWN(free) char *path = record_path(dir, id);
    OWN(buf) struct buf text = {.max = MAX_RECORD};
    if (!file_read(path, &text, err))
        return false;
    json_auto_t *tree = json_from_bytes(buf_bytes(&text), path, ERR_INTERNAL, err);
    if (!tree)
        return false;
    struct jread reader = jread_open(tree, path, ERR_INTERNAL, err);
    const char *email = jread_str(&reader, "account");
    const char *project = jread_str(&reader, "project");
    const char *created = jread_str(&reader, "created");
    const char *public_pem = jread_str_or(&reader, "publicKey", NULL);
    const char *secret = jread_str_or(&reader, "clientSecret", NULL);
    if (!jread_ok(&reader))
        return false;
    *key = (struct account_key){str_copy(id),      str_copy(email),      str_copy(project),
                                str_copy(created), str_copy(public_pem), str_copy(secret)};
    return true;
}

static int by_age(const void *a, const void *b)
{
    const struct account_key *left = a, *right = b;
    int order = strcmp(left->created, right->created);
    return order ? order : strcmp(left->id, right->id);
}

static bool add_record(const char *dir, const char *name, struct account_keys *keys,
                       struct err *err)
{
    OWN(free) char *id = str_copy(name);
    id[strcspn(id, ".")] = '\0';
    if (!is_id(id) || !str_ends(name, ".json"))
        return true; /* not a key's file */
    keys->list = alloc_resize(keys->list, (keys->count + 1) * sizeof(keys->list[0]));
    keys->list[keys->count] = (struct account_key){0};
    return account_key_find(dir, id, &keys->list[keys->count++], err);
}

bool account_keys_read(const char *dir, struct account_keys *keys, struct err *err)
{
    DIR *folder = opendir(dir);
    if (!folder)
        return errno == ENOENT ||
               err_set(err, ERR_INPUT, "cannot read %s: %s", dir, strerror(errno));
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(folder));)
        ok = add_record(dir, entry->d_name, keys, err);
    closedir(folder);
    if (ok && keys->count)
        qsort(keys->list, keys->count, sizeof(keys->list[0]), by_age);
    return ok;
}

/* Key files are indented like Google's. The caller frees. */
static char *pretty(const json_t *tree)
{
    OWN(free) char *text = json_dumps(tree, JSON_INDENT(2));
    return str_format("%s\n", text);
}

static char *key_file(const char *email, const char *project, const char *id,
                      const char *private_pem, const char *token_uri)
{
    char unique_id[22];
    account_unique_id(email, unique_id);
    OWN(free) char *encoded = url_encode_text(email);
    OWN(free) char *certificates =
        str_format("https://www.googleapis.com/robot/v1/metadata/x509/%s", encoded);
    json_auto_t *tree =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type",
                  "service_account", "project_id", project, "private_key_id", id, "private_key",
                  private_pem, "client_email", email, "client_id", unique_id, "auth_uri",
                  "https://accounts.google.com/o/oauth2/auth", "token_uri", token_uri,
                  "auth_provider_x509_cert_url", "https://www.googleapis.com/oauth2/v1/certs",
                  "client_x509_cert_url", certificates, "universe_domain", "googleapis.com");
    return pretty(tree);
}

char *account_key_create(const char *dir, const char *email, const char *project,
                         const char *token_uri, struct err *err)
{
    OWN(free) char *private_pem = rsa_key_generate(err);
    OWN(free) char *public_pem = private_pem ? rsa_key_public_pem(private_pem, err) : NULL;
    if (!public_pem)
        return NULL;
    OWN(free) char *id = rsa_key_id(public_pem);
    if (!record_write(dir, id, email, project, "publicKey", public_pem, err))
        return NULL;
    return key_file(email, project, id, private_pem, token_uri);
}

/* 256 random bits in base64url. The caller frees. */
static char *random_text(struct err *err)
{
    unsigned char bytes[32];
    if (RAND_bytes(bytes, sizeof(bytes)) == 1)
        return base64_url_encode((struct bytes){(const char *)bytes, sizeof(bytes)});
    err_set(err, ERR_INTERNAL, "OpenSSL cannot provide random numbers");
    return NULL;
}

char *account_user_create(const char *dir, const char *email, const char *project,
                          const char *token_uri, struct err *err)
{
    OWN(free) char *secret = random_text(err);
    OWN(free) char *random = secret ? random_text(err) : NULL;
    if (!random)
        return NULL;
    OWN(free) char *refresh_token = str_format("1//%s", random);
    OWN(free) char *id = account_refresh_token_id(refresh_token);
    if (!record_write(dir, id, email, project, "clientSecret", secret, err))
        return NULL;
    json_auto_t *tree =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "account", email, "client_id",
                  ACCOUNT_CLIENT_ID, "client_secret", secret, "quota_project_id", project,
                  "refresh_token", refresh_token, "token_uri", token_uri, "type", "authorized_user",
                  "universe_domain", "googleapis.com");
    return pretty(tree);
}
