/* SPDX-License-Identifier: Apache-2.0 */
/* gcp-local/api/proto_json: values in proto3's JSON mapping. */
#include "gcp-local/api/proto_json.h"

#include "base/own.h"
#include "tests/helpers/test.h"

TEST(durations_have_the_form_of_proto3)
{
    static const struct {
        const char *text, *back;
    } rows[] = {{"10s", "10s"},
                {"1.5s", "1.500s"},
                {"0.000001s", "0.000001s"},
                {"-2.25s", "-2.250s"},
                {"-0.5s", "-0.500s"},
                {"0s", "0s"},
                {"1.123456789s", "1.123456789s"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t duration_ns;
        EXPECT(proto_json_parse_duration(rows[i].text, &duration_ns));
        OWN(free) char *back = proto_json_duration_text(duration_ns);
        EXPECT_STR(back, rows[i].back);
    }
    static const char *const wrong[] = {
        "", "s", "10", "1.s", "x1s", "1e3s", "1.1234567890s", "1.-5s", " 1s", "99999999999s"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        int64_t duration_ns;
        EXPECT(!proto_json_parse_duration(wrong[i], &duration_ns));
    }
}
