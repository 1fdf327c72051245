/* SPDX-License-Identifier: Apache-2.0 */
/* Creates X.509 certificates. */
#include "net/tls/certificate.h"

#include "base/own.h"
#include "base/str.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum { DAY = 24 * 60 * 60, SERVER_DAYS = 365, AUTHORITY_DAYS = 3650, RENEW_DAYS = 30 };

void certificate_done(struct certificate *identity)
{
    X509_free(identity->cert);
    EVP_PKEY_free(identity->key);
    *identity = (struct certificate){0};
}

static bool failed(struct err *err, const char *what)
{
    return err_set(err, ERR_INTERNAL, "cannot create %s: %s", what,
                   ERR_reason_error_string(ERR_get_error()));
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static bool set_random_serial(X509 *cert)
{
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (bytes[0] & 0x7F) | 0x40; /* positive, always of the same length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return set;
}

static bool set_name(X509 *cert, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                      (const unsigned char *)"gcp-local", -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                                      -1, 0);
}

/* Creates a key, and a certificate of this name without extensions, issuer and signature. It is
 * valid since yesterday, for clients whose clock is late. */
static bool begin(const char *name, int days, struct certificate *created)
{
    created->key = EVP_EC_gen("P-256");
    created->cert = X509_new();
    return created->key && created->cert && X509_set_version(created->cert, X509_VERSION_3) &&
           set_random_serial(created->cert) &&
           X509_gmtime_adj(X509_getm_notBefore(created->cert), -DAY) &&
           X509_time_adj_ex(X509_getm_notAfter(created->cert), days, 0, NULL) &&
           X509_set_pubkey(created->cert, created->key) && set_name(created->cert, name);
}

static bool add_authority_extensions(X509 *cert)
{
    return add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(cert, cert, NID_subject_key_identifier, "hash");
}

bool certificate_create_authority(const char *name, struct certificate *authority, struct err *err)
{
    return (begin(name, AUTHORITY_DAYS, authority) &&
            X509_set_issuer_name(authority->cert, X509_get_subject_name(authority->cert)) &&
            add_authority_extensions(authority->cert) &&
            X509_sign(authority->cert, authority->key, EVP_sha256())) ||
           failed(err, "a certificate authority");
}

static bool add_server_extensions(X509 *cert, X509 *issuer, const char *alt_names)
{
    return add_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(cert, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(cert, issuer, NID_ext_key_usage, "serverAuth") &&
           add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always") &&
           add_extension(cert, issuer, NID_subject_alt_name, alt_names);
}

bool certificate_create_server(const struct certificate *authority, const char *alt_names,
                               struct certificate *server, struct err *err)
{
    return (begin("localhost", SERVER_DAYS, server) &&
            X509_set_issuer_name(server->cert, X509_get_subject_name(authority->cert)) &&
            add_server_extensions(server->cert, authority->cert, alt_names) &&
            X509_sign(server->cert, authority->key, EVP_sha256())) ||
           failed(err, "the server certificate");
}

/* The content of a memory BIO. The caller frees. */
static char *text_of(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return str_copy_bytes((struct bytes){data, (size_t)len});
}

char *certificate_pem(const struct certificate *identity)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = bio && PEM_write_bio_X509(bio, identity->cert) ? text_of(bio) : NULL;
    BIO_free(bio);
    return text;
}

char *certificate_key_pem(const struct certificate *identity)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool written =
        bio && PEM_write_bio_PKCS8PrivateKey(bio, identity->key, NULL, NULL, 0, NULL, NULL);
    char *text = written ? text_of(bio) : NULL;
    BIO_free(bio);
    return text;
}

bool certificate_from_pem(const char *cert_pem, const char *key_pem, struct certificate *identity)
{
    BIO *cert = BIO_new_mem_buf(cert_pem, -1);
    BIO *key = BIO_new_mem_buf(key_pem, -1);
    identity->cert = PEM_read_bio_X509(cert, NULL, NULL, NULL);
    identity->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    BIO_free(cert);
    BIO_free(key);
    return identity->cert && identity->key &&
           X509_check_private_key(identity->cert, identity->key) == 1;
}

bool certificate_is_current(const struct certificate *identity, const struct certificate *authority)
{
    time_t soon = time(NULL) + RENEW_DAYS * DAY;
    return X509_cmp_time(X509_get0_notAfter(identity->cert), &soon) > 0 &&
           (!authority || X509_verify(identity->cert, authority->key) == 1);
}
