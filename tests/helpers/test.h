/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that read as sentences, on cmocka. TEST registers itself; the program's output (TAP) is
 * the specification. A failing assertion jumps over OWN: a leak report after one is noise. */
#ifndef TESTS_HELPERS_TEST_H
#define TESTS_HELPERS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void test_register(const char *name, void (*run)(void **));

#define TEST(sentence)                                                                             \
    static void sentence(void **state_);                                                           \
    __attribute__((constructor)) static void register_##sentence(void)                             \
    {                                                                                              \
        test_register(#sentence, sentence);                                                        \
    }                                                                                              \
    static void sentence(__attribute__((unused)) void **state_)

/* A test that needs a path outside the project; without it the test is reported as not run. */
#define TEST_IF_EXISTS(path, sentence)                                                             \
    static void sentence(void **state_);                                                           \
    __attribute__((constructor)) static void register_##sentence(void)                             \
    {                                                                                              \
        test_register_if_exists(path, #sentence, sentence);                                        \
    }                                                                                              \
    static void sentence(__attribute__((unused)) void **state_)

void test_register_if_exists(const char *path, const char *name, void (*run)(void **));

#define EXPECT(condition)     assert_true(condition)
#define EXPECT_INT(got, want) assert_int_equal(got, want)
#define EXPECT_STR(got, want) assert_string_equal(got, want)

/* got contains want. */
#define EXPECT_HAS(got, want) test_expect_has(got, want, __FILE__, __LINE__)
void test_expect_has(const char *got, const char *want, const char *file, int line);

#endif
