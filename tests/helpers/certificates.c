/* SPDX-License-Identifier: Apache-2.0 */
/* Creates certificates for tests of TLS. */
#include "tests/helpers/certificates.h"

#include "base/str.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { DAY_SEC = 24 * 60 * 60 };

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    check(extension && X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
}

static void set_name(X509 *cert, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                     -1, 0));
}

/* issuer NULL = self-signed, for a certificate authority. */
static X509 *make(const char *name, long serial, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *cert = X509_new();
    check(cert && X509_set_version(cert, X509_VERSION_3) && X509_set_pubkey(cert, key));
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_SEC);
    X509_gmtime_adj(X509_getm_notAfter(cert), DAY_SEC);
    set_name(cert, name);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
    if (issuer)
        add_extension(cert, issuer, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
    else
        add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
    check(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
    return cert;
}

static char *text_of(BIO *bio)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    char *text = str_copy_bytes((struct bytes){data, (size_t)len});
    BIO_free(bio);
    return text;
}

static char *cert_text(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    check(PEM_write_bio_X509(bio, cert));
    return text_of(bio);
}

static char *key_text(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    check(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    return text_of(bio);
}

static char *write_file(const char *text)
{
    char *path = str_copy("/tmp/test-ca-XXXXXX");
    OWN(fd) int fd = mkstemp(path);
    check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    return path;
}

struct test_certificate test_certificate_make(void)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    check(ca_key && key);
    X509 *ca = make("Test Authority", 1, ca_key, NULL, ca_key);
    X509 *cert = make("127.0.0.1", 2, key, ca, ca_key);

    struct test_certificate certificate = {
        .cert_pem = cert_text(cert), .key_pem = key_text(key), .ca_pem = cert_text(ca)};
    certificate.ca_file = write_file(certificate.ca_pem);
    X509_free(ca);
    X509_free(cert);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
    return certificate;
}

void own_test_certificate(struct test_certificate *local)
{
    unlink(local->ca_file);
    free(local->ca_file);
    free(local->ca_pem);
    free(local->cert_pem);
    free(local->key_pem);
}
