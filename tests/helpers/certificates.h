/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates made on the spot, for tests of TLS. */
#ifndef TESTS_HELPERS_CERTIFICATES_H
#define TESTS_HELPERS_CERTIFICATES_H

/* A certificate for 127.0.0.1 and localhost, signed by a certificate authority of its own. */
struct test_certificate {
    char *cert_pem, *key_pem; /* owned */
    char *ca_pem;             /* the authority's certificate; owned */
    char *ca_file;            /* a temporary file with it; owned */
};

struct test_certificate test_certificate_make(void);

/* Frees, and removes the file. */
void own_test_certificate(struct test_certificate *local);

#endif
