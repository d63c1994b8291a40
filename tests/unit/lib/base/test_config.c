#include "tests/unit/lib/test.h"

#include "base/config.h"
#include "base/file.h"

struct settings {
	char *listen, *key;
	int64_t workers;
	bool strict;
	int untouched;
};

static const struct config_row rows[] = {
	{"listen", CONFIG_TEXT, offsetof(struct settings, listen), NULL, "address and port", 0, 0},
	{"key", CONFIG_PATH, offsetof(struct settings, key), "key.pem", "private key", 0, 0},
	{"workers", CONFIG_NUMBER, offsetof(struct settings, workers), "4", "threads", 1, 64},
	{"strict", CONFIG_BOOL, offsetof(struct settings, strict), "no", "refuse more", 0, 0},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static char folder[] = "/tmp/mohar-config-XXXXXX";
static char path[64];

static int
setup(void **state __attribute__((unused)))
{
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/x.conf", folder);
	return 0;
}

static int
teardown(void **state __attribute__((unused)))
{
	(void)unlink(path);
	return rmdir(folder);
}

static enum err
read_text(const char *text, struct settings *s)
{
	assert_ok(file_write(path, span_of(text), 0600));
	return config_read(path, rows, ROWS, s);
}

CASE(settings_and_defaults_arrive)
{
	struct settings s = {.untouched = 7};
	char key[80];

	assert_ok(read_text("# comment\n\n listen = localhost:1 = 2 \r\nstrict=yes", &s));
	(void)snprintf(key, sizeof(key), "%s/key.pem", folder);
	assert_string_equal(s.listen, "localhost:1 = 2");
	assert_string_equal(s.key, key);
	assert_int_equal(s.workers, 4);
	assert_true(s.strict);
	assert_int_equal(s.untouched, 7);
	config_free(rows, ROWS, &s);
	assert_null(s.listen);
}

CASE(an_absolute_path_stays)
{
	struct settings s = {0};

	assert_ok(read_text("listen=a\nkey = /etc/key.pem\n", &s));
	assert_string_equal(s.key, "/etc/key.pem");
	config_free(rows, ROWS, &s);
}

struct bad {
	const char *text, *why;
};

CASE(each_mistake_is_told_with_file_line_and_remedy)
{
	static const struct bad bad[] = {
		{"listen=a\nlisten=b\n", ":2: listen is set already in line 1"},
		{"listen=a\nliste=b\n", ":2: unknown setting 'liste'; known are: listen, key, workers, strict"},
		{"\n\nlisten\n", ":3: expected `name = value`"},
		{"workers = 4\n", "setting 'listen' is missing: address and port"},
		{"listen =\n", ":1: listen has no value"},
		{"listen=a\nworkers = 0\n", ":2: workers must be a whole number from 1 to 64"},
		{"listen=a\nworkers = 65\n", ":2: workers must be"},
		{"listen=a\nworkers = 4x\n", ":2: workers must be"},
		{"listen=a\nworkers = 99999999999999999999\n", ":2: workers must be"},
		{"listen=a\nstrict = true\n", ":2: strict must be yes or no"},
		{"listen=\xff\n", ":1: not UTF-8"},
		{"log_format = xml\nlisten=a\n", ":1: log_format must be text, json or syslog"},
		{"log_format = text\nlog_format = text\n", ":2: log_format is set already"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct settings s = {.workers = 99};

		assert_err(read_text(bad[i].text, &s), ERR_CONFIG);
		assert_ptr_equal(strstr(err_why(), path), err_why());
		if (strstr(err_why(), bad[i].why) == NULL)
			fail_msg("'%s' does not say '%s'", err_why(), bad[i].why);
		assert_null(s.listen);
		assert_int_equal(s.workers, 99); /* all or nothing */
	}
}

CASE(a_missing_file_is_named)
{
	struct settings s;

	assert_err(config_read("/nonexistent/x.conf", rows, ROWS, &s), ERR_NOT_FOUND);
	assert_non_null(strstr(err_why(), "/nonexistent/x.conf"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_and_defaults_arrive),
		cmocka_unit_test(an_absolute_path_stays),
		cmocka_unit_test(each_mistake_is_told_with_file_line_and_remedy),
		cmocka_unit_test(a_missing_file_is_named),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
