/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that find bugs in tests and cost nothing in a release. */
#ifndef BASE_DEBUG_H
#define BASE_DEBUG_H

#include <assert.h>

/* An assert in builds with a sanitizer; in other builds the condition is not even evaluated. For
 * conditions that a release can survive; use assert where going on would do harm. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DEBUG_ASSERT(condition) assert(condition)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DEBUG_ASSERT(condition) assert(condition)
#endif
#endif
#ifndef DEBUG_ASSERT
#define DEBUG_ASSERT(condition) ((void)sizeof(condition))
#endif

#endif
