/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), with SSE 4.2 where available. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include "base/buf.h"

#include <stdint.h>

/* Continues the checksum crc, 0 at the beginning, with data. */
uint32_t crc32c(uint32_t crc, struct bytes data);

/* The same without SSE 4.2; exported for tests. */
uint32_t crc32c_by_table(uint32_t crc, struct bytes data);

/* Base64 of the big-endian number, Google's format: "aR2qLw==". */
void crc32c_text(uint32_t crc, char text[9]);

#endif
