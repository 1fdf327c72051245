/* SPDX-License-Identifier: Apache-2.0 */
/* Creates X.509 certificates: an authority, and servers that it signs. */
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

/* Creates a certificate authority of this name, valid for ten years. */
bool certificate_create_authority(const char *name, struct certificate *authority, struct err *err);

/* Creates a server certificate for these alternative names, e.g. "DNS:localhost,IP:127.0.0.1",
 * valid for a year. */
bool certificate_create_server(const struct certificate *authority, const char *alt_names,
                               struct certificate *server, struct err *err);

/* As PEM. NULL when OpenSSL fails. The caller frees. */
char *certificate_pem(const struct certificate *identity);
char *certificate_key_pem(const struct certificate *identity);

/* Reads both from PEM; false when they are not valid or do not belong together. */
bool certificate_from_pem(const char *cert_pem, const char *key_pem, struct certificate *identity);

/* Whether the certificate is valid for another 30 days and, unless authority is NULL, signed by it.
 */
bool certificate_is_current(const struct certificate *identity,
                            const struct certificate *authority);

void certificate_done(struct certificate *identity);

static inline void own_certificate(struct certificate *local)
{
    certificate_done(local);
}

#endif
