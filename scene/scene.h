/* SPDX-License-Identifier: Apache-2.0 */
/* A picture of our own: the sea at sunset, computed. The same size gives the same picture. */
#ifndef SCENE_SCENE_H
#define SCENE_SCENE_H

#include <stdbool.h>

/* Returns width × height pixels of red, green, blue, row after row. The caller frees. */
unsigned char *scene_render(unsigned width, unsigned height);

/* Writes pixels as a JPEG. False, with errno set, when the file cannot be written. */
bool scene_write_jpeg(const char *path, const unsigned char *rgb, unsigned width, unsigned height);

#endif
