/* SPDX-License-Identifier: Apache-2.0 */
/* A data directory's own certificate authority, and the certificate of its server. */
#include "net/tls/server_identity.h"

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "net/tls/certificate.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PEM = 16384 };

void server_identity_done(struct server_identity *identity)
{
    free(identity->cert_pem);
    free(identity->key_pem);
    *identity = (struct server_identity){0};
}

/* The file NAME.EXTENSION of dir; NULL when it cannot be read, and then is recreated. */
static char *pem_read(const char *dir, const char *name, const char *extension)
{
    OWN(free) char *path = str_format("%s/%s.%s", dir, name, extension);
    OWN(buf) struct buf text = {.max = MAX_PEM};
    struct err unread = {0};
    return file_read(path, &text, &unread) ? buf_take(&text) : NULL;
}

static bool identity_read(const char *dir, const char *name, struct certificate *identity)
{
    OWN(free) char *cert = pem_read(dir, name, "crt");
    OWN(free) char *key = pem_read(dir, name, "key");
    return cert && key && certificate_from_pem(cert, key, identity);
}

static bool identity_write(const char *dir, const char *name, const struct certificate *identity,
                           struct err *err)
{
    OWN(free) char *cert_path = str_format("%s/%s.crt", dir, name);
    OWN(free) char *key_path = str_format("%s/%s.key", dir, name);
    OWN(free) char *cert = certificate_pem(identity);
    OWN(free) char *key = certificate_key_pem(identity);
    if (!cert || !key)
        return err_set(err, ERR_INTERNAL, "cannot write a certificate as PEM");
    return file_write_unsynced(key_path, 0600, bytes_of(key), err) &&
           file_write_unsynced(cert_path, 0644, bytes_of(cert), err);
}

static bool open_authority(const char *dir, struct certificate *authority, struct err *err)
{
    if (identity_read(dir, "ca", authority) && certificate_is_current(authority, NULL))
        return true;
    certificate_done(authority);
    return certificate_create_authority("gcp-local's own authority", authority, err) &&
           identity_write(dir, "ca", authority, err);
}

/* These two listen on all interfaces and are not addresses that clients connect to. */
static bool is_wildcard(const char *host)
{
    return str_equal(host, "0.0.0.0") || str_equal(host, "::");
}

static bool is_address(const char *host)
{
    unsigned char address[16];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool names_host(const struct certificate *server, const char *host)
{
    if (str_empty(host) || is_wildcard(host))
        return true;
    return is_address(host) ? X509_check_ip_asc(server->cert, host, 0) == 1
                            : X509_check_host(server->cert, host, 0, 0, NULL) == 1;
}

static char *alt_names_for(const char *host)
{
    static const char always[] = "DNS:localhost,IP:127.0.0.1,IP:::1";
    if (str_empty(host) || is_wildcard(host))
        return str_copy(always);
    return str_format("%s,%s:%s", always, is_address(host) ? "IP" : "DNS", host);
}

static bool open_server(const char *dir, const struct certificate *authority, const char *host,
                        struct certificate *server, struct err *err)
{
    if (identity_read(dir, "server", server) && certificate_is_current(server, authority) &&
        names_host(server, host))
        return true;
    certificate_done(server);
    OWN(free) char *names = alt_names_for(host);
    return certificate_create_server(authority, names, server, err) &&
           identity_write(dir, "server", server, err);
}

bool server_identity_open(const char *dir, const char *host, struct server_identity *identity,
                          struct err *err)
{
    OWN(certificate) struct certificate authority = {0};
    OWN(certificate) struct certificate server = {0};
    if (!file_make_dirs(dir, err) || !open_authority(dir, &authority, err) ||
        !open_server(dir, &authority, host, &server, err))
        return err_wrap(err, "TLS");

    OWN(free) char *leaf = certificate_pem(&server);
    OWN(free) char *issuer = certificate_pem(&authority);
    identity->key_pem = certificate_key_pem(&server);
    if (!leaf || !issuer || !identity->key_pem)
        return err_set(err, ERR_INTERNAL, "cannot write a certificate as PEM");
    identity->cert_pem = str_format("%s%s", leaf, issuer);
    return true;
}
