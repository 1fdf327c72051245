/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), by the processor where it can. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include "base/buf.h"

#include <stdint.h>

/* The checksum of what crc stands for (0 = nothing yet) followed by data. */
uint32_t crc32c(uint32_t crc, struct bytes data);

/* The same without help of the processor, so that both can be compared. */
uint32_t crc32c_by_table(uint32_t crc, struct bytes data);

/* Base64 of the big-endian number, as Google writes it: "aR2qLw==". */
void crc32c_text(uint32_t crc, char text[9]);

#endif
