/* SPDX-License-Identifier: Apache-2.0 */
/* Labels pictures with Google's Vision API:  label gs://BUCKET/OBJECT...
 *
 *     cc label.c -o label $(pkg-config --cflags --libs libgcp)
 */
#include <gcp.h>
#include <stdio.h>
#include <stdlib.h>

static int label(struct gcp *gcp, const char *uri)
{
    struct gcp_labels labels = {0};
    struct err err = {0};
    if (!gcp_vision_labels(gcp, uri, 10, &labels, &err)) {
        fprintf(stderr, "%s: %s\n", uri, err.text);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < labels.count; i++)
        printf("%s\t%.2f\t%s\n", uri, labels.list[i].score, labels.list[i].description);
    gcp_labels_done(&labels);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct gcp *gcp = gcp_from_env(GCP_VISION, &err);
    if (!gcp) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    if (gcp_warning(gcp))
        fprintf(stderr, "warning: %s\n", gcp_warning(gcp));

    int status = EXIT_SUCCESS;
    for (int i = 1; i < argc; i++)
        if (label(gcp, argv[i]) != EXIT_SUCCESS)
            status = EXIT_FAILURE;
    gcp_close(gcp);
    return status;
}
