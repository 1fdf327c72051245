/* SPDX-License-Identifier: Apache-2.0 */
/* A data directory's own certificate authority, and the certificate of its server, for clients that
 * only speak https. */
#ifndef NET_TLS_SERVER_IDENTITY_H
#define NET_TLS_SERVER_IDENTITY_H

#include "base/err.h"

/* What a TLS server needs, as PEM. All zero is empty. */
struct server_identity {
    char *cert_pem; /* the server's certificate, then the authority's */
    char *key_pem;
};

/* Reads the identity from dir (ca.crt, ca.key, server.crt, server.key), and creates what is
 * missing, has expired or does not name host; only the owner can read the keys. The certificate
 * names localhost, 127.0.0.1, ::1 and host, which may be NULL. */
bool server_identity_open(const char *dir, const char *host, struct server_identity *identity,
                          struct err *err);
void server_identity_done(struct server_identity *identity);

static inline void own_server_identity(struct server_identity *local)
{
    server_identity_done(local);
}

#endif
