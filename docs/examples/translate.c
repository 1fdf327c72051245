/* SPDX-License-Identifier: Apache-2.0 */
/* Translates TEXT with Google's Translation API:  translate TO TEXT
 *
 *     cc translate.c -o translate $(pkg-config --cflags --libs libgcp)
 */
#include <gcp.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: translate TO TEXT\n");
        return 2;
    }
    struct err err = {0};
    struct gcp_translation translation = {0};
    struct gcp *gcp = gcp_from_env(GCP_TRANSLATE, &err);
    bool ok = gcp && gcp_translate(gcp, argv[2], NULL, argv[1], &translation, &err);
    if (ok)
        printf("%s (from %s)\n", translation.text, translation.detected);
    else
        fprintf(stderr, "%s\n", err.text);
    gcp_translation_done(&translation);
    gcp_close(gcp);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
