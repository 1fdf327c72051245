/* SPDX-License-Identifier: Apache-2.0 */
/* scene: renders the project's own picture, the sea at sunset, as a JPEG. */
#include "base/str.h"
#include "scene/scene.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1200, HEIGHT = 900, LARGEST = 8000 };

static const char usage[] =
    "usage: scene [--width N] [--height N] OUT.jpg\n"
    "\n"
    "Renders the sea at sunset: the picture that the demo uploads. The same\n"
    "size always gives the same picture.\n"
    "\n"
    "  --width N    pixels, 16 to 8000 (default 1200)\n"
    "  --height N   pixels, 16 to 8000 (default 900)\n"
    "  --help       show this text\n"
    "  --version    show the version\n";

static int refuse(const char *what, const char *value)
{
    fprintf(stderr, "scene: %s%s%s\n", what, value ? ": " : "", value ? value : "");
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"width", required_argument, NULL, 'W'},
        {"height", required_argument, NULL, 'H'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {0},
    };
    int64_t width = WIDTH, height = HEIGHT;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) >= 0;) {
        if (option == 'h')
            return fputs(usage, stdout) < 0;
        if (option == 'v')
            return puts("scene " VERSION) < 0;
        if (option != 'W' && option != 'H')
            return EXIT_FAILURE;
        if (!str_int(optarg, 16, LARGEST, option == 'W' ? &width : &height))
            return refuse("want a number of pixels, 16 to 8000", optarg);
    }
    if (optind != argc - 1)
        return refuse("want one file to write; see scene --help", NULL);

    OWN(free) unsigned char *rgb = scene_render((unsigned)width, (unsigned)height);
    if (!scene_write_jpeg(argv[optind], rgb, (unsigned)width, (unsigned)height))
        return refuse(argv[optind], strerror(errno));
    return EXIT_SUCCESS;
}
