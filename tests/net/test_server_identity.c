/* SPDX-License-Identifier: Apache-2.0 */
/* net/tls: the authority and the server's certificate. */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "net/tls/certificate.h"
#include "net/tls/server_identity.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/test.h"

#include <openssl/x509v3.h>
#include <sys/stat.h>

static struct server_identity open_in(const struct temp_dir *dir, const char *host)
{
    struct server_identity identity = {0};
    struct err err = {0};
    if (!server_identity_open(dir->path, host, &identity, &err))
        fail_msg("%s", err.text);
    return identity;
}

TEST(the_server_certificate_is_signed_and_names_localhost)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(server_identity) struct server_identity made = open_in(&dir, NULL);
    OWN(free) char *ca_path = str_format("%s/ca.crt", dir.path);
    OWN(free) char *key_path = str_format("%s/ca.key", dir.path);
    OWN(buf) struct buf ca_cert = {0}, ca_key = {0};
    struct err err = {0};
    EXPECT(file_read(ca_path, &ca_cert, &err) && file_read(key_path, &ca_key, &err));

    OWN(certificate) struct certificate authority = {0}, server = {0};
    EXPECT(certificate_from_pem(ca_cert.data, ca_key.data, &authority));
    EXPECT(certificate_from_pem(made.cert_pem, made.key_pem, &server));
    EXPECT(certificate_is_current(&server, &authority));
    EXPECT_INT(X509_check_host(server.cert, "localhost", 0, 0, NULL), 1);
    EXPECT_INT(X509_check_ip_asc(server.cert, "127.0.0.1", 0), 1);
    EXPECT_INT(X509_check_ip_asc(server.cert, "::1", 0), 1);
    EXPECT_INT(X509_check_host(server.cert, "storage.googleapis.com", 0, 0, NULL), 0);
    buf_done(&ca_key);
}

TEST(keys_can_be_read_by_their_owner_only)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(server_identity) struct server_identity made = open_in(&dir, NULL);
    (void)made;
    static const char *const keys[] = {"ca.key", "server.key"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        OWN(free) char *path = str_format("%s/%s", dir.path, keys[i]);
        struct stat found;
        EXPECT_INT(stat(path, &found), 0);
        EXPECT_INT(found.st_mode & 0777, 0600);
    }
}

TEST(the_same_certificate_is_used_at_every_start)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(server_identity) struct server_identity first = open_in(&dir, NULL);
    OWN(server_identity) struct server_identity second = open_in(&dir, "127.0.0.1");
    EXPECT_STR(first.cert_pem, second.cert_pem);
}

TEST(a_host_that_the_certificate_does_not_name_gets_a_new_one)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(server_identity) struct server_identity first = open_in(&dir, NULL);
    (void)first;
    OWN(server_identity) struct server_identity second = open_in(&dir, "192.0.2.7");
    OWN(certificate) struct certificate server = {0};
    EXPECT(certificate_from_pem(second.cert_pem, second.key_pem, &server));
    EXPECT_INT(X509_check_ip_asc(server.cert, "192.0.2.7", 0), 1);
    EXPECT_INT(X509_check_host(server.cert, "localhost", 0, 0, NULL), 1);
}

TEST(a_damaged_file_is_recreated)
{
    OWN(temp_dir) struct temp_dir dir = temp_dir_new();
    OWN(server_identity) struct server_identity first = open_in(&dir, NULL);
    (void)first;
    OWN(free) char *path = str_format("%s/server.crt", dir.path);
    struct err err = {0};
    EXPECT(file_write(path, 0644, bytes_of("-----BEGIN CERT"), &err));
    OWN(server_identity) struct server_identity second = open_in(&dir, NULL);
    OWN(certificate) struct certificate server = {0};
    EXPECT(certificate_from_pem(second.cert_pem, second.key_pem, &server));
}
