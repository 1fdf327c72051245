/* Making X.509 certificates: an authority and the server that it vouches for. */
#ifndef NET_TLS_CERTIFICATE_H
#define NET_TLS_CERTIFICATE_H

#include "base/err.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

/* A certificate and its private key. All zero is empty. */
struct identity {
    X509 *cert;
    EVP_PKEY *key;
};

/* Makes a certificate authority of this name, good for ten years. */
bool identity_make_authority(const char *name, struct identity *authority, struct err *err);

/* Makes a server's certificate for these alternative names, e.g. "DNS:localhost,IP:127.0.0.1", good
 * for a year. */
bool identity_make_server(const struct identity *authority, const char *alt_names,
                          struct identity *server, struct err *err);

/* The parts as PEM; the caller frees. NULL when OpenSSL fails. */
char *identity_cert_pem(const struct identity *identity);
char *identity_key_pem(const struct identity *identity);

/* Reads both parts and checks that they belong together. */
bool identity_from_pem(const char *cert_pem, const char *key_pem, struct identity *identity);

/* Whether the certificate is good for another month and, with authority, signed by it. */
bool identity_fresh(const struct identity *identity, const struct identity *authority);

void identity_done(struct identity *identity);

static inline void own_identity(struct identity *local)
{
    identity_done(local);
}

#endif
