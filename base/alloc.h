/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is always there: running out of it aborts. Limit what comes from outside before. */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* The caller frees. A size of 0 gives a pointer as well. */
void *alloc_zeroed(size_t size);

/* realloc; old may be NULL. What is added is not initialised. */
void *alloc_resize(void *old, size_t size);

#endif
