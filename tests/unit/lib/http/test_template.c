#include "tests/unit/lib/test.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "http/template.h"
#include "http/texts.h"

static char folder[] = "/tmp/mohar-template-XXXXXX";

static void
put(const char *name, const char *text)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_ok(file_write(path, span_of(text), 0600));
}

static void
drop(const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)unlink(path);
}

static int
fill(void **state)
{
	(void)state;
	put("texts/en.json", "{\"hello\": \"Hello, {{name}}!\", \"bye\": \"Bye \\u0026 good \\ud83d\\ude00\\n\"}");
	put("texts/dz.json", "{\"hello\": \"\\u0f40 {{name}}\"}");
	put("texts/ur.json", "{\"hello\": \"{{name}}\"}");
	put("templates/part.html", "<i>{{lang}} {{dir}}</i>");
	put("templates/page.html",
		"{{>part}}<p title=\"{{title}}\">{{t:hello}}</p>{{#rows}}[{{n}}:{{name}}{{#last}}.{{/last}}]{{/rows}}{{^rows}}none{{/rows}}{{t:bye}}");
	drop("templates/bad.html");
	return 0;
}

static int
make_folder(void **state)
{
	char path[200];

	(void)state;
	log_open("test", LOG_LEVEL_ERROR);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/texts", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/templates", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	return 0;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = {"texts/en.json", "texts/dz.json", "texts/ur.json", "templates/part.html",
		"templates/page.html", "templates/bad.html", "texts", "templates", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[200];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)remove(path);
	}
	return 0;
}

static void
expect(const char *language, const struct page *p, const char *expected)
{
	AUTO(templates) *t = NULL;
	AUTO(writer) w = writer_new(10000);

	assert_ok(templates_read(folder, &t));
	assert_ok(template_render(t, "page", language, p, &w));
	assert_span(writer_span(&w), expected);
}

static void
expect_wrong(const char *file, const char *text, const char *why)
{
	struct templates *t = NULL;

	put(file, text);
	assert_err(templates_read(folder, &t), ERR_CONFIG);
	if (strstr(err_why(), why) == NULL)
		fail_msg("no '%s' in: %s", why, err_why());
}

CASE(values_are_escaped_in_text_attribute_and_inside_texts)
{
	AUTO(page) *p = NULL;

	assert_ok(page_new(&p));
	page_text(p, "name", "<b>'&");
	page_text(p, "title", "\"><script>");
	expect("en", p,
		"<i>en ltr</i><p title=\"&quot;&gt;&lt;script&gt;\">Hello, &lt;b&gt;&#39;&amp;!</p>noneBye & good \xf0\x9f\x98\x80\n");
}

CASE(missing_translation_falls_back_and_direction_follows_language)
{
	AUTO(page) *p = NULL;

	assert_ok(page_new(&p));
	page_text(p, "name", "N");
	page_text(p, "title", NULL);
	expect("dz", p, "<i>dz ltr</i><p title=\"\">\xe0\xbd\x80 N</p>noneBye & good \xf0\x9f\x98\x80\n");
	expect("ur", p, "<i>ur rtl</i><p title=\"\">N</p>noneBye & good \xf0\x9f\x98\x80\n");
	expect("xx", p, "<i>en ltr</i><p title=\"\">Hello, N!</p>noneBye & good \xf0\x9f\x98\x80\n");
}

CASE(items_see_their_own_values_and_those_around)
{
	AUTO(page) *p = NULL;

	assert_ok(page_new(&p));
	page_text(p, "name", "N");
	page_text(p, "title", "");
	for (int i = 1; i <= 3; i++) {
		page_item(p, "rows");
		page_int(p, "n", i);
		if (i == 2)
			page_text(p, "name", "M");
		page_bool(p, "last", i == 3);
		page_item_end(p);
	}
	expect("en", p, "<i>en ltr</i><p title=\"\">Hello, N!</p>[1:N][2:M][3:N.]Bye & good \xf0\x9f\x98\x80\n");
}

CASE(value_never_given_is_an_error_with_file_and_line)
{
	AUTO(templates) *t = NULL;
	AUTO(page) *p = NULL;
	AUTO(writer) w = writer_new(10000);

	assert_ok(templates_read(folder, &t));
	assert_ok(page_new(&p));
	page_text(p, "name", "N");
	assert_err(template_render(t, "page", "en", p, &w), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "page.html:1: the page has no value 'title'"));
	assert_err(template_render(t, "nowhere", "en", p, &w), ERR_CONFIG);
}

CASE(open_item_is_an_error)
{
	AUTO(templates) *t = NULL;
	AUTO(page) *p = NULL;
	AUTO(writer) w = writer_new(10000);

	assert_ok(templates_read(folder, &t));
	assert_ok(page_new(&p));
	page_item(p, "rows");
	assert_err(template_render(t, "page", "en", p, &w), ERR_CONFIG);
}

CASE(unknown_key_part_or_tag_stops_the_start)
{
	expect_wrong("templates/bad.html", "\n{{t:nokey}}", "bad.html:2: no text 'nokey'");
	expect_wrong("templates/bad.html", "{{>nopart}}", "bad.html:1: no template 'nopart'");
	expect_wrong("templates/bad.html", "{{{raw}}}", "is no tag");
	expect_wrong("templates/bad.html", "{{ a }}", "is no tag");
	expect_wrong("templates/bad.html", "{{a", "'{{' without '}}'");
}

CASE(crossed_or_open_sections_stop_the_start)
{
	expect_wrong("templates/bad.html", "{{#a}}{{#b}}{{/a}}{{/b}}", "{{/a}} where {{/b}} of line 1 is due");
	expect_wrong("templates/bad.html", "{{#a}}\n", "{{#a}} is not closed");
	expect_wrong("templates/bad.html", "\n\n{{/a}}", "bad.html:3: {{/a}} closes nothing");
}

CASE(text_unknown_in_english_stops_the_start)
{
	expect_wrong("texts/dz.json", "{\n\"hello\": \"x\",\n\"more\": \"y\"}",
		"dz.json:3: text 'more' is not in en.json");
}

CASE(texts_file_that_is_not_flat_stops_the_start)
{
	expect_wrong("texts/dz.json", "{\"hello\": 1}", "dz.json:1: expected a text");
	expect_wrong("texts/dz.json", "{\"hello\": \"a\", \"hello\": \"b\"}", "dz.json");
	expect_wrong("texts/dz.json", "[]", "dz.json");
	expect_wrong("texts/dz.json", "", "dz.json");
	expect_wrong("texts/dz.json", "{\"hello\": \"{{#a}}{{/a}}\"}", "no other tag");
}

CASE(text_longer_than_the_limit_is_refused_by_file_and_line)
{
	AUTO(writer) file = writer_new(1 << 20);

	writer_text(&file, "{\n\"hello\": \"");
	for (size_t i = 0; i <= MAX_TEXT; i++)
		writer_u8(&file, 'a');
	writer_text(&file, "\"}");
	expect_wrong("texts/dz.json", (const char *)writer_span(&file).ptr,
		"dz.json:2: a text of more than 16384 bytes");
}

#define T(name) cmocka_unit_test_setup(name, fill)

int
main(void)
{
	const struct CMUnitTest tests[] = {T(values_are_escaped_in_text_attribute_and_inside_texts),
		T(missing_translation_falls_back_and_direction_follows_language),
		T(items_see_their_own_values_and_those_around), T(value_never_given_is_an_error_with_file_and_line),
		T(open_item_is_an_error), T(unknown_key_part_or_tag_stops_the_start),
		T(crossed_or_open_sections_stop_the_start), T(text_unknown_in_english_stops_the_start),
		T(texts_file_that_is_not_flat_stops_the_start),
		T(text_longer_than_the_limit_is_refused_by_file_and_line)};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
