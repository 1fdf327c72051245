/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes from outside, made fit for a terminal. */
#ifndef MESSAGE_DUMPER_PRINTABLE_H
#define MESSAGE_DUMPER_PRINTABLE_H

#include "base/buf.h"

/* The text itself, with '?' for control characters but line breaks and tabs; what is no UTF-8 text
 * is only counted: "(1234 bytes that are no text)". The caller frees. */
char *printable(struct bytes bytes);

#endif
