/* SPDX-License-Identifier: Apache-2.0 */
/* CLD2, a C++ library that detects languages. */
#include <cstdio> /* its header needs it */

#include "gcp-local/translate/cld2.h"
#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

extern "C" const char *cld2_language(struct bytes text, bool html, const char *hint, int *percent,
                                     double *score)
{
    CLD2::CLDHints hints = {nullptr, "", CLD2::UNKNOWN_ENCODING,
                            CLD2::GetLanguageFromName(hint ? hint : "un")};
    CLD2::Language best[3];
    int percents[3], len = static_cast<int>(text.len);
    double scores[3];
    bool reliable;
    CLD2::ExtDetectLanguageSummary(text.data, len, !html, &hints, CLD2::kCLDFlagBestEffort, best,
                                   percents, scores, nullptr, &len, &reliable);
    *percent = percents[0];
    *score = scores[0];
    return CLD2::LanguageCode(best[0]);
}
