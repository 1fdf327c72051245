/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/translate: the translator as a child process. */
#include "base/str.h"
#include "gcp-local/translate/filter_process.h"
#include "gcp-local/translate/translate_v3.h"
#include "tests/helpers/test.h"

#include <string.h>

static bool run(const char *script, const char *input, int timeout_ms, size_t max_output,
                struct buf *out, struct err *err)
{
    char *const argv[] = {"sh", "-c", (char *)(uintptr_t)script, NULL};
    char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
    struct filter_process filter = {argv, env, timeout_ms, max_output};
    return filter_process_run(&filter, bytes_of(input), out, err);
}

TEST(a_filter_gets_its_input_and_only_the_given_environment)
{
    OWN(buf) struct buf out = {0};
    struct err err = {0};
    EXPECT(run("tr a-z A-Z; env | grep -c HOME", "hello", 10000, 1000, &out, &err) || out.len > 0);
    EXPECT_STR(out.data, "HELLO0\n");
}

TEST(the_error_of_a_failed_filter_quotes_its_standard_error)
{
    OWN(buf) struct buf out = {0};
    struct err err = {0};
    EXPECT(!run("echo no such pair >&2; echo more >&2; exit 3", "", 10000, 1000, &out, &err));
    EXPECT_STR(err.text, "sh failed (exit code 3): no such pair");
}

TEST(a_filter_that_does_not_end_is_killed_with_its_descendants)
{
    OWN(buf) struct buf out = {0};
    struct err err = {0};
    EXPECT(!run("sleep 1000 | sleep 1000", "", 100, 1000, &out, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
}

TEST(a_filter_that_writes_too_much_is_killed)
{
    OWN(buf) struct buf out = {0};
    struct err err = {0};
    EXPECT(!run("yes", "", 10000, 100000, &out, &err));
    EXPECT_STR(err.text, "sh writes more than 100000 bytes");
}

TEST(a_program_that_is_missing_is_not_found)
{
    char *const argv[] = {"no-such-program", NULL}, *const env[] = {NULL};
    struct filter_process filter = {argv, env, 1000, 1000};
    OWN(buf) struct buf out = {0};
    struct err err = {0};
    EXPECT(!filter_process_run(&filter, bytes_of("x"), &out, &err));
    EXPECT_INT(err.status, ERR_NOT_FOUND);
}

TEST(without_apertium_the_error_names_the_packages)
{
    OWN(free) char *path = str_copy(getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    struct err err = {0};
    json_auto_t *request = json_pack("{s:[s], s:s, s:s}", "contents", "Hello", "sourceLanguageCode",
                                     "en", "targetLanguageCode", "it");
    EXPECT(translate_v3_text(request, &err) == NULL);
    setenv("PATH", path, 1);
    EXPECT_INT(err.status, ERR_INPUT);
    EXPECT_STR(err.reason, "FAILED_PRECONDITION");
    EXPECT_STR(err.text, "translation needs Debian's packages apertium and apertium-eng-cat; "
                         "install all with ./scripts/setup run");
}
