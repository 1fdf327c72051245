/* SPDX-License-Identifier: Apache-2.0 */
/* Creates certificates for tests of TLS. */
#ifndef TESTS_HELPERS_CERTIFICATES_H
#define TESTS_HELPERS_CERTIFICATES_H

/* A certificate for 127.0.0.1 and localhost, signed by a new certificate authority. */
struct test_certificate {
    char *cert_pem, *key_pem; /* owned */
    char *ca_pem;             /* the authority's certificate; owned */
    char *ca_file;            /* the path of a temporary file with ca_pem; owned */
};

struct test_certificate test_certificate_make(void);

/* Frees, and removes the file. */
void own_test_certificate(struct test_certificate *local);

#endif
