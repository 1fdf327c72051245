/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers from the kernel, suitable for secrets. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *to, size_t len);

/* A number from 0 to below - 1, each equally likely; 0 when below is 0. */
uint64_t random_below(uint64_t below);

/* A UUID with its NUL. */
enum { UUID_SIZE = 37 };

/* A random UUID (version 4, RFC 9562), lower case. */
void random_uuid(char text[UUID_SIZE]);

/* A suffix for generated names, as Kubernetes makes them: letters and digits that spell no word. */
enum { NAME_SUFFIX_SIZE = 6 };
void random_name_suffix(char text[NAME_SUFFIX_SIZE]);

#endif
