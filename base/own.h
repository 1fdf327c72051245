/* SPDX-License-Identifier: Apache-2.0 */
/* Visible ownership: OWN(x) runs own_x(&local) when the scope ends. */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Declares a local that is released when its scope ends, e.g. OWN(free) char *text = NULL.
 * A type T has a function own_T(T *local) that accepts empty and partly filled values.
 * A local that is only released, such as a lock, counts as used. */
#define OWN(x) __attribute__((cleanup(own_##x), unused))

static inline void own_free(void *local)
{
    free(*(void **)local);
}

static inline void own_fd(const int *local)
{
    if (*local >= 0)
        close(*local);
}

static inline void own_file(FILE **local)
{
    if (*local)
        fclose(*local);
}

/* Moves a pointer out of an owned local: `return move_ptr(&text);`. */
#define move_ptr(local)                                                                            \
    __extension__({                                                                                \
        __typeof__(local) move_ptr_from_ = (local);                                                \
        __typeof__(*move_ptr_from_) move_ptr_value_ = *move_ptr_from_;                             \
        *move_ptr_from_ = NULL;                                                                    \
        move_ptr_value_;                                                                           \
    })

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
