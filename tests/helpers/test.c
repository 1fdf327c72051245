/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the tests of a program and prints TAP. */
#include "tests/helpers/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct CMUnitTest list[1024];
static size_t count;

/* "an_event_without_id" becomes "an event without id". Kept for the life of the program. */
static const char *sentence_of(const char *name)
{
    static char pool[1 << 17];
    static size_t used;
    size_t len = strlen(name) + 1;
    if (len > sizeof(pool) - used)
        return name;
    char *sentence = memcpy(pool + used, name, len);
    used += len;
    for (char *c = sentence; *c; c++)
        if (*c == '_')
            *c = ' ';
    return sentence;
}

void test_register(const char *name, void (*run)(void **))
{
    if (count == sizeof(list) / sizeof(list[0]))
        abort();
    list[count++] = (struct CMUnitTest){.name = sentence_of(name), .test_func = run};
}

void test_register_if_exists(const char *path, const char *name, void (*run)(void **))
{
    if (access(path, R_OK) == 0)
        test_register(name, run);
    else
        printf("# not run: %s: %s does not exist\n", sentence_of(name), path);
}

void test_expect_has(const char *got, const char *want, const char *file, int line)
{
    if (got && strstr(got, want))
        return;
    print_error("\"%s\" does not contain \"%s\"\n", got ? got : "(null)", want);
    _fail(file, line);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return _cmocka_run_group_tests(argv[0], list, count, NULL, NULL);
}
