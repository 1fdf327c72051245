/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials files for tests. */
#include "tests/helpers/key_files.h"

#include "base/file.h"
#include "base/str.h"
#include "tests/helpers/keys.h"
#include "tests/helpers/test.h"

#include <string.h>

struct temp_dir temp_dir_new(void)
{
    struct temp_dir folder = {"/tmp/test_gcp_XXXXXX"};
    EXPECT(mkdtemp(folder.path) != NULL);
    return folder;
}

void own_temp_dir(struct temp_dir *local)
{
    struct err err = {0};
    file_remove_tree(local->path, &err);
}

char *temp_dir_add_file(const struct temp_dir *folder, const char *name, const char *content)
{
    OWN(free) char *path = str_format("%s/%s", folder->path, name);
    struct err err = {0};
    OWN(free) char *dir = str_copy_bytes((struct bytes){path, (size_t)(strrchr(path, '/') - path)});
    EXPECT(file_make_dirs(dir, &err));
    EXPECT(file_write(path, 0600, bytes_of(content), &err));
    return move_ptr(&path);
}

void temp_dir_write(const struct temp_dir *folder, const char *name, const char *content)
{
    free(temp_dir_add_file(folder, name, content));
}

char *key_file(const char *token_uri, const char *more)
{
    json_auto_t *file = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "project_id", "key-project",
        "private_key_id", "key-0", "private_key", test_key(0), "client_email",
        "robot@key-project.iam.gserviceaccount.com", "token_uri", token_uri);
    OWN(free) char *text = json_to_text(file);
    text[strlen(text) - 1] = '\0';
    return str_format("%s%s}", text, more);
}

bool read_key_file(const char *text, struct credentials *credentials, struct err *err)
{
    return credentials_json_parse(bytes_of(text), "/keys/k.json", credentials, err);
}
