/* SPDX-License-Identifier: Apache-2.0 */
/* HTML for Apertium, which reads tags but few entities. */
#ifndef GCP_LOCAL_TRANSLATE_HTML_H
#define GCP_LOCAL_TRANSLATE_HTML_H

/* Replaces entities by their characters, except those of & < >. The caller frees. */
char *html_decode_entities(const char *text);

/* Writes & " ' < > outside of tags as entities, as Google does. The caller frees. */
char *html_encode_entities(const char *text);

#endif
