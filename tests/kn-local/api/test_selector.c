/* SPDX-License-Identifier: Apache-2.0 */
/* Label and field selectors, ages, and the paths of the API. */
#include "base/json/jread.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "kn-local/api/api_request_path.h"
#include "kn-local/api/api_table.h"
#include "kn-local/api/selector.h"
#include "tests/helpers/test.h"

static bool matches(const char *labels, const char *fields)
{
    struct err err = {0};
    OWN(selector) struct selector selector = {0};
    EXPECT(selector_parse(labels, fields, &selector, &err));
    json_auto_t *object =
        json_pack("{s:{s:s, s:{s:s, s:s}}, s:{s:s}}", "metadata", "name", "x", "labels", "app", "a",
                  "serving.knative.dev/service", "s", "involvedObject", "name", "y");
    return selector_matches(&selector, object);
}

TEST(labels_select_by_equality_sets_and_existence)
{
    EXPECT(matches("app=a", NULL));
    EXPECT(matches("app==a,serving.knative.dev/service=s", NULL));
    EXPECT(!matches("app=b", NULL));
    EXPECT(matches("app!=b,other!=c", NULL));
    EXPECT(matches("app in (b, a)", NULL));
    EXPECT(!matches("app notin (b,a)", NULL));
    EXPECT(matches("app", NULL));
    EXPECT(!matches("!app", NULL));
    EXPECT(matches("!other", NULL));
    EXPECT(matches("", NULL));
}

TEST(fields_select_by_path)
{
    EXPECT(matches(NULL, "metadata.name=x"));
    EXPECT(!matches(NULL, "metadata.name=y"));
    EXPECT(matches(NULL, "involvedObject.name=y,metadata.name!=z"));
    EXPECT(matches(NULL, "metadata.none="));
}

TEST(an_invalid_selector_is_refused)
{
    static const char *const broken[] = {"=a", "a in b", "a in (b", "a b", "a=b c", "!", "a=b=c"};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        struct err err = {0};
        OWN(selector) struct selector selector = {0};
        EXPECT(!selector_parse(broken[i], NULL, &selector, &err));
        EXPECT_INT(err.status, ERR_INPUT);
    }
}

TEST(ages_are_formatted_as_by_kubectl)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "0s"},      {119, "119s"},    {120, "2m"},         {125, "2m5s"},
        {600, "10m"},   {10799, "179m"},  {10800, "3h"},       {11100, "3h5m"},
        {28800, "8h"},  {172799, "47h"},  {172800, "2d"},      {180000, "2d2h"},
        {691200, "8d"}, {63072000, "2y"}, {64800000, "2y20d"}, {315360000, "10y"},
        {-5, "0s"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[API_AGE_SIZE];
        api_format_age(rows[i].seconds * NS_PER_SEC, text);
        EXPECT_STR(text, rows[i].text);
    }
}

static char *taken_apart(const char *path)
{
    OWN(api_request_path) struct api_request_path p = {0};
    if (!api_request_path_parse(path, &p))
        return str_copy("no");
    return str_format("%s %s %s %s %s %s", *p.group ? p.group : "core", p.version,
                      p.ns ? p.ns : "-", p.plural ? p.plural : "-", p.name ? p.name : "-",
                      p.sub ? p.sub : "-");
}

TEST(paths_are_parsed)
{
    static const struct {
        const char *path, *parts;
    } rows[] = {
        {"/api/v1/pods", "core v1 - pods - -"},
        {"/api/v1/namespaces/n/pods/p/log", "core v1 n pods p log"},
        {"/api/v1/namespaces", "core v1 - namespaces - -"},
        {"/api/v1/namespaces/n", "core v1 - namespaces n -"},
        {"/api/v1/namespaces/n/status", "core v1 - namespaces n status"},
        {"/apis/g/v1/namespaces/n/things", "g v1 n things - -"},
        {"/apis/g/v1", "g v1 - - - -"},
        {"/apis/g/v1/", "g v1 - - - -"},
        {"/api/v1/namespaces/n/pods/p%2Fq", "core v1 n pods p/q -"},
        {"/api", "no"},
        {"/other/v1/pods", "no"},
        {"/api/v1/namespaces/n/pods/p/log/more", "no"},
        {"/api/v1/namespaces/n/pods/%ff", "no"},
        {"", "no"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        OWN(free) char *parts = taken_apart(rows[i].path);
        EXPECT_STR(parts, rows[i].parts);
    }
}
