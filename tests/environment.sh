# SPDX-License-Identifier: Apache-2.0
# What tests find in their environment; sourced by tests/run and tests/run-one.
# shellcheck shell=bash
export SANITIZE=${SANITIZE-address,undefined}
BUILD=build/${SANITIZE//,/-}
export BUILD=${BUILD%/}
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=0:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
