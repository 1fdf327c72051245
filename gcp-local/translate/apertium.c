/* SPDX-License-Identifier: Apache-2.0 */
/* Apertium, the translator. */
#include "gcp-local/translate/apertium.h"

#include "base/env.h"
#include "base/str.h"
#include "gcp-local/translate/filter_process.h"

#include <string.h>

enum {
    STEP_TIMEOUT_MS = 60000,
    MAX_GROWTH = 8,              /* limits the output to so many times the input, */
    MIN_OUTPUT_BYTES = 64 << 10, /* plus this */
};

/* Names the package of a pair. */
static bool not_installed(const struct language *from, const struct language *to, struct err *err)
{
    static const char *const packages[] = {"eng-cat", "spa-cat", "fra-cat", "por-cat", "cat-ita"};
    const struct language *other = str_equal(from->code, "ca") ? to : from;
    const char *package = "";
    for (size_t i = 0; i < ARRAY_SIZE(packages); i++)
        if (strstr(packages[i], other->apertium))
            package = packages[i];
    err_set(err, ERR_INPUT,
            "translation needs Debian's packages apertium and apertium-%s; install all with "
            "./scripts/setup run",
            package);
    err->reason = "FAILED_PRECONDITION";
    return false;
}

static bool step(const struct language *from, const struct language *to, bool html,
                 struct bytes text, struct buf *out, struct err *err)
{
    OWN(free) char *pair = str_format("%s-%s", from->apertium, to->apertium);
    OWN(free) char *path = str_format("PATH=%s", env_str("PATH", "/usr/local/bin:/usr/bin:/bin"));
    /* -u: do not mark unknown words; txt and html-noent end each sentence */
    char *const argv[] = {"apertium", "-u", "-f", html ? "html-noent" : "txt", pair, NULL};
    char *const env[] = {path, "LC_ALL=C.UTF-8", NULL};
    struct filter_process filter = {.argv = argv,
                                    .env = env,
                                    .timeout_ms = STEP_TIMEOUT_MS,
                                    .max_output = text.len * MAX_GROWTH + MIN_OUTPUT_BYTES};
    struct err cause = {0};
    if (filter_process_run(&filter, text, out, &cause))
        return true;
    if (cause.status == ERR_NOT_FOUND || strstr(cause.text, "does not exist"))
        return not_installed(from, to, err);
    return err_set(err, cause.status, "%s", cause.text);
}

bool apertium_translate(const struct language *from, const struct language *to, bool html,
                        struct bytes text, struct buf *out, struct err *err)
{
    const struct language *hub = language_find("ca");
    if (from == hub || to == hub)
        return step(from, to, html, text, out, err);
    OWN(buf) struct buf catalan = {0};
    return step(from, hub, html, text, &catalan, err) &&
           step(hub, to, html, buf_bytes(&catalan), out, err);
}
