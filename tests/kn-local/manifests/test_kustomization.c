/* SPDX-License-Identifier: Apache-2.0 */
/* Kustomizations: what kubectl prints is applied, and each way in which it fails is reported. */
#include "base/file.h"
#include "base/str.h"
#include "kn-local/manifests/kustomization.h"
#include "kn-local/manifests/manifests.h"
#include "tests/helpers/test.h"

#include <stdlib.h>

/* A folder that is alone on PATH, with a kubectl that is a shell script. */
struct fake_kubectl {
    char folder[32];
    char *path; /* PATH as it was */
};

static void own_fake_kubectl(struct fake_kubectl *fake)
{
    struct err err = {0};
    setenv("PATH", fake->path, 1);
    free(fake->path);
    file_remove_tree(fake->folder, &err);
}

/* Without a script, kubectl is missing. */
static void use_fake_kubectl(struct fake_kubectl *fake, const char *script)
{
    struct err err = {0};
    *fake = (struct fake_kubectl){"/tmp/fake-kubectl-XXXXXX", str_copy(getenv("PATH"))};
    EXPECT(mkdtemp(fake->folder));
    OWN(free) char *file = str_format("%s/kubectl", fake->folder);
    OWN(free) char *text = str_format("#!/bin/sh\n%s\n", script ? script : "");
    EXPECT(!script || file_write_unsynced(file, 0700, bytes_of(text), &err));
    setenv("PATH", fake->folder, 1);
}

static void expect_error(const char *script, const char *message)
{
    OWN(fake_kubectl) struct fake_kubectl fake;
    use_fake_kubectl(&fake, script);
    OWN(buf) struct buf out = {0};
    struct err err = {0};
    EXPECT(!kustomization_render("dir", &out, &err));
    EXPECT_STR(err.text, message);
}

TEST(what_kubectl_prints_is_the_result)
{
    OWN(fake_kubectl) struct fake_kubectl fake;
    use_fake_kubectl(&fake, "echo warning >&2; echo \"$@\"");
    OWN(buf) struct buf out = {0};
    struct err err = {0};
    EXPECT(kustomization_render("a dir; x", &out, &err));
    EXPECT_STR(out.data, "kustomize a dir; x\n");
}

TEST(a_missing_kubectl_is_reported_with_the_version_that_is_needed)
{
    expect_error(NULL, "-k dir: needs kubectl 1.22 or newer on PATH: cannot start kubectl: No such "
                       "file or directory");
}

TEST(a_kubectl_that_fails_and_is_too_old_is_reported_with_its_version)
{
    expect_error("[ $1 = version ] || exit 1\n"
                 "echo '{\"clientVersion\": {\"gitVersion\": \"v1.20.2\"}}'",
                 "-k dir: needs kubectl 1.22 or newer, and kubectl on PATH is v1.20.2");
}

TEST(an_error_of_kubectl_is_reported_with_its_words_and_exit_code)
{
    expect_error("[ $1 = version ] || { echo 'no such folder' >&2; exit 3; }\n"
                 "echo '{\"clientVersion\": {\"gitVersion\": \"v1.32.0\"}}'",
                 "-k dir: kubectl kustomize failed (exit code 3): no such folder");
    expect_error("kill -TERM $$", "-k dir: kubectl kustomize failed (signal 15): ");
}

TEST(output_without_end_is_cut_off)
{
    expect_error(
        "while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789; done",
        "-k dir: kubectl kustomize prints more than 16777216 bytes");
}

TEST(names_of_kustomizations_are_known)
{
    EXPECT(kustomization_is_name("kustomization.yaml"));
    EXPECT(kustomization_is_name("kustomization.yml"));
    EXPECT(kustomization_is_name("Kustomization"));
    EXPECT(!kustomization_is_name("Kustomization.yaml"));
}

static void note(const char *line, void *context)
{
    buf_add_format(context, "%s\n", line);
}

TEST(an_object_that_is_refused_is_reported_with_the_folder_and_its_name)
{
    static const char text[] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
                               "---\napiVersion: messaging.knative.dev/v1\nkind: Channel\n"
                               "metadata: {name: b}\nspec: {delivry: {}}\n";
    struct err err = {0};
    OWN(object_store) struct object_store *objects = object_store_open(NULL, &err);
    OWN(buf) struct buf lines = {0};
    struct manifest_listener listener = {note, note, &lines};
    EXPECT_INT(manifests_apply_rendered(objects, "dir", bytes_of(text), &listener), 1);
    EXPECT_STR(lines.data, "configmap/a created\n"
                           "dir: Channel b: spec.delivry is not known; did you mean delivery?\n");
}
