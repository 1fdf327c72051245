/* SPDX-License-Identifier: Apache-2.0 */
/* Making X.509 certificates: an authority and the server that it vouches for. */
#ifndef NET_TLS_CERTIFICATE_H
#define NET_TLS_CERTIFICATE_H

#include "base/err.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

/* A certificate and its private key. All zero is empty. */
struct certificate {
    X509 *cert;
    EVP_PKEY *key;
};

/* Makes a certificate authority of this name, good for ten years. */
bool certificate_make_authority(const char *name, struct certificate *authority, struct err *err);

/* Makes a server's certificate for these alternative names, e.g. "DNS:localhost,IP:127.0.0.1", good
 * for a year. */
bool certificate_make_server(const struct certificate *authority, const char *alt_names,
                             struct certificate *server, struct err *err);

/* The parts as PEM; the caller frees. NULL when OpenSSL fails. */
char *certificate_pem(const struct certificate *identity);
char *certificate_key_pem(const struct certificate *identity);

/* Reads both parts and checks that they belong together. */
bool certificate_from_pem(const char *cert_pem, const char *key_pem, struct certificate *identity);

/* Whether the certificate is good for another month and, with authority, signed by it. */
bool certificate_is_current(const struct certificate *identity,
                            const struct certificate *authority);

void certificate_done(struct certificate *identity);

static inline void own_certificate(struct certificate *local)
{
    certificate_done(local);
}

#endif
