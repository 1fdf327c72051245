/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes: what they are given, how they end. */
#include "base/buf.h"
#include "base/child_process.h"
#include "base/str.h"
#include "base/thread.h"
#include "tests/helpers/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

/* Runs a program to its end; its exit code, and what it wrote in output. */
static int run(struct child_process_options options, struct buf *output)
{
    struct err err = {0};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    options.out = options.error = ends[1];
    struct child_process child;
    EXPECT(child_process_start(&options, &child, &err));
    close(ends[1]);
    char piece[512];
    for (ssize_t len; (len = read(ends[0], piece, sizeof(piece))) > 0;)
        buf_add(output, piece, (size_t)len);
    close(ends[0]);
    return child_process_wait(&child);
}

static int run_shell(const char *script, struct buf *output)
{
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)script, NULL};
    return run((struct child_process_options){.argv = argv}, output);
}

TEST(a_program_is_found_in_PATH_and_its_exit_code_returned)
{
    OWN(buf) struct buf output = {0};
    EXPECT_INT(run_shell("echo out; echo error >&2; exit 3", &output), 3);
    EXPECT_STR(output.data, "out\nerror\n");
}

TEST(a_program_gets_its_environment_and_folder)
{
    OWN(buf) struct buf output = {0};
    char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, (char[]){"echo $A $HOME $(pwd)"}, NULL};
    char *env[] = {(char[]){"A=b"}, NULL};
    EXPECT_INT(run((struct child_process_options){.argv = argv, .env = env, .dir = "/"}, &output),
               0);
    EXPECT_STR(output.data, "b /\n");
}

TEST(a_program_has_no_other_file_of_ours_and_an_empty_input)
{
    OWN(buf) struct buf output = {0};
    OWN(fd) int ours = fcntl(STDOUT_FILENO, F_DUPFD, 100); /* not close-on-exec */
    EXPECT_INT(run_shell("ls /proc/$$/fd | tr '\\n' ' '; cat", &output), 0);
    EXPECT(ours >= 100 && !strstr(output.data, "100"));
}

TEST(a_program_that_is_missing_is_named)
{
    struct err err = {0};
    char *argv[] = {(char[]){"no-such-program"}, NULL};
    struct child_process child;
    EXPECT(!child_process_start(&(struct child_process_options){.argv = argv}, &child, &err));
    EXPECT_INT(err.status, ERR_NOT_FOUND);
    EXPECT_INT(err.errno_code, ENOENT);
    EXPECT_STR(err.text, "cannot start no-such-program: No such file or directory");
}

TEST(a_file_that_cannot_be_executed_says_why)
{
    struct err err = {0};
    char *argv[] = {(char[]){"/etc/passwd"}, NULL};
    struct child_process child;
    EXPECT(!child_process_start(&(struct child_process_options){.argv = argv}, &child, &err));
    EXPECT_INT(err.status, ERR_UNAVAILABLE);
    EXPECT_STR(err.text, "cannot start /etc/passwd: Permission denied");
}

TEST(a_signal_reaches_the_whole_group)
{
    struct err err = {0};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"sleep 1000 & wait"}, NULL};
    struct child_process child;
    EXPECT(child_process_start(&(struct child_process_options){.argv = argv, .out = ends[1]},
                               &child, &err));
    close(ends[1]);
    child_process_signal(&child, SIGKILL);
    EXPECT_INT(child_process_wait(&child), -SIGKILL);
    char byte; /* the end of file: the grandchild does not hold the pipe any longer */
    EXPECT_INT(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

/* Starts a program, and ends. */
static void *start_and_end(void *context)
{
    struct err err = {0};
    char *argv[] = {(char[]){"sleep"}, (char[]){"1000"}, NULL};
    child_process_start(&(struct child_process_options){.argv = argv, .death_signal = SIGTERM},
                        context, &err);
    return NULL;
}

TEST(the_death_signal_comes_when_the_starting_thread_ends)
{
    struct err err = {0};
    struct child_process child = {0};
    pthread_t thread;
    EXPECT(thread_start(&thread, "starter", start_and_end, &child, &err));
    pthread_join(thread, NULL);
    struct pollfd ended = {.fd = child.pidfd, .events = POLLIN};
    EXPECT_INT(poll(&ended, 1, 10000), 1);
    EXPECT_INT(child_process_wait(&child), -SIGTERM);
}
