/* SPDX-License-Identifier: Apache-2.0 */
/* Received bytes as text that is safe for a terminal. */
#ifndef MESSAGE_DUMPER_PRINTABLE_H
#define MESSAGE_DUMPER_PRINTABLE_H

#include "base/buf.h"

/* The text, with '?' for control characters other than line breaks and tabs. For bytes that are not
 * UTF-8 text: "(1234 bytes that are not text)". The caller frees. */
char *printable(struct bytes bytes);

#endif
