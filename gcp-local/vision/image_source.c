/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the bytes of a URI: objects of gcp-local's storage and, if allowed, files from the web. */
#include "base/str.h"
#include "gcp-local/vision/annotate.h"

#include <string.h>

/* Replaces the error of the source by Google's text for its status. */
static bool explain(const char *uri, const struct err *cause, struct err *err)
{
    switch (cause->status) {
    case ERR_NOT_FOUND:
    case ERR_FORBIDDEN:
        return err_set(err, cause->status, "Error opening file: %s.", uri);
    case ERR_TOO_LARGE:
        return err_set(err, ERR_TOO_LARGE, "Image size exceeding allowed max (20.00M).");
    default:
        return err_set(err, cause->status, "Error opening file: %s. (%s)", uri, cause->text);
    }
}

static bool read_object(const struct image_source *source, const char *uri, struct buf *out,
                        struct err *err)
{
    const char *bucket = uri + strlen("gs://");
    const char *slash = strchr(bucket, '/');
    if (!slash || slash == bucket || !slash[1])
        return err_set(err, ERR_INPUT, "Invalid image URI: %s; must be gs://BUCKET/OBJECT.", uri);
    OWN(free) char *name = str_copy_bytes((struct bytes){bucket, (size_t)(slash - bucket)});
    struct err cause = {0};
    if (!source->read_object)
        return err_set(err, ERR_NOT_FOUND, "Error opening file: %s.", uri);
    if (source->read_object(name, slash + 1, MAX_IMAGE_BYTES, out, source->context, &cause))
        return true;
    return explain(uri, &cause, err);
}

static bool fetch(const struct image_source *source, const char *url, struct buf *out,
                  struct err *err)
{
    if (!source->fetch)
        return err_set(err, ERR_FORBIDDEN,
                       "We're not allowed to access the URL on your behalf. Please download the "
                       "content and pass it in. (gcp-local fetches URLs with --allow-fetch only)");
    struct err cause = {0};
    if (source->fetch(url, MAX_IMAGE_BYTES, out, source->fetch_context, &cause))
        return true;
    if (cause.status == ERR_TOO_LARGE)
        return explain(url, &cause, err);
    if (cause.status == ERR_UNAVAILABLE)
        return err_set(err, ERR_UNAVAILABLE,
                       "We can not access the URL currently. Please download the content and pass "
                       "it in. (%s)",
                       cause.text);
    return err_set(err, ERR_INPUT,
                   "The URL does not appear to be accessible by us. Please double check or "
                   "download the content and pass it in. (%s)",
                   cause.text);
}

bool image_source_read(const struct image_source *source, const char *uri, struct buf *out,
                       struct err *err)
{
    if (str_starts(uri, "gs://"))
        return read_object(source, uri, out, err);
    if (str_starts_any_case(uri, "http://") || str_starts_any_case(uri, "https://"))
        return fetch(source, uri, out, err);
    return err_set(err, ERR_INPUT, "Invalid image URI: %s; must be gs://BUCKET/OBJECT or a URL.",
                   uri);
}
