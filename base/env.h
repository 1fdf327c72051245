/* SPDX-License-Identifier: Apache-2.0 */
/* The environment, read once at start. Errors name the variable and what it should be. */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* The variable's value, or fallback when it is unset or empty. Borrowed from the environment. */
const char *env_str(const char *name, const char *fallback);

/* A whole number within low…high, or fallback when unset or empty. */
bool env_int(const char *name, int64_t low, int64_t high, int64_t fallback, int64_t *value,
             struct err *err);

/* true/false, 1/0, yes/no, on/off in any case, or fallback when unset or empty. */
bool env_bool(const char *name, bool fallback, bool *value, struct err *err);

#endif
