/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is always there. */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* malloc keeps blocks up to here in a cache of the thread; calloc does not look there. */
enum { MAX_CACHED = 1024 };

void *alloc_zeroed(size_t size)
{
    if (size > MAX_CACHED) {
        void *memory = calloc(1, size);
        if (!memory)
            abort();
        return memory;
    }
    return memset(alloc_resize(NULL, size), 0, size);
}

void *alloc_resize(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    if (!memory)
        abort();
    return memory;
}
