/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on the generation and metageneration of an object or bucket. Pure. */
#include "gcp-local/storage/catalog/preconditions.h"

#include "base/str.h"
#include "net/url.h"

enum {
    NOT_MODIFIED = 304,
    PRECONDITION_FAILED = 412,
};

static bool read_one(const char *query, const char *source, const char *name,
                     struct condition *condition, struct err *err)
{
    OWN(free) char *key = str_format("if%s%s", source, name);
    OWN(free) char *value = url_query_get(query, key);
    condition->set = value != NULL;
    return !value || str_int(value, 0, INT64_MAX, &condition->value) ||
           err_set(err, ERR_INPUT, "Invalid value '%s' for %s: must be a number.", value, key);
}

bool preconditions_read(const char *query, bool source, struct preconditions *out, struct err *err)
{
    *out = (struct preconditions){0};
    const char *s = source ? "Source" : "";
    return read_one(query, s, "GenerationMatch", &out->generation, err) &&
           read_one(query, s, "GenerationNotMatch", &out->not_generation, err) &&
           read_one(query, s, "MetagenerationMatch", &out->metageneration, err) &&
           read_one(query, s, "MetagenerationNotMatch", &out->not_metageneration, err);
}

static bool equal(struct condition condition, int64_t value)
{
    return condition.set && condition.value == value;
}

bool preconditions_check(const struct preconditions *preconditions, int64_t generation,
                         int64_t metageneration, bool reading, struct err *err)
{
    if ((preconditions->generation.set && !equal(preconditions->generation, generation)) ||
        (preconditions->metageneration.set &&
         !equal(preconditions->metageneration, metageneration)))
        return err_set(err, PRECONDITION_FAILED,
                       "At least one of the pre-conditions you specified did not hold.");
    if (equal(preconditions->not_generation, generation) ||
        equal(preconditions->not_metageneration, metageneration))
        return err_set(err, reading ? NOT_MODIFIED : PRECONDITION_FAILED,
                       "At least one of the pre-conditions you specified did not hold.");
    return true;
}
