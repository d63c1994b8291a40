#include "tests/unit/lib/test.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/file.h"

static char folder[] = "/tmp/mohar-file-XXXXXX";
static char path[64], missing[64];

static int
setup(void **state __attribute__((unused)))
{
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/a", folder);
	(void)snprintf(missing, sizeof(missing), "%s/none", folder);
	return 0;
}

static int
teardown(void **state __attribute__((unused)))
{
	(void)unlink(path);
	return rmdir(folder); /* fails if a temporary file was left behind */
}

CASE(what_is_written_is_read_with_its_mode)
{
	AUTO(writer) w = writer_new(100);
	struct stat about;

	assert_ok(file_write(path, SPAN("one\0two"), 0600));
	assert_ok(file_read(path, 100, &w));
	assert_true(span_equal(writer_span(&w), SPAN("one\0two")));
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	assert_ok(file_write(path, SPAN(""), 0644));
	assert_ok(file_read(path, 100, &w));
	assert_span(writer_span(&w), "");
}

CASE(a_file_of_the_limit_fits_and_one_more_byte_does_not)
{
	AUTO(writer) w = writer_new(100);

	assert_ok(file_write(path, SPAN("12345"), 0600));
	assert_ok(file_read(path, 5, &w));
	assert_err(file_read(path, 4, &w), ERR_TOO_LONG);
	assert_span(writer_span(&w), "12345"); /* a refusal leaves what was read before */
}

CASE(an_error_names_the_path)
{
	AUTO(writer) w = writer_new(100);

	assert_err(file_read(missing, 5, &w), ERR_NOT_FOUND);
	assert_non_null(strstr(err_why(), missing));
	assert_err(file_read(folder, 5, &w), ERR_IO);
	assert_non_null(strstr(err_why(), "regular"));
	assert_err(file_write("/nonexistent-folder/x", SPAN("a"), 0600), ERR_IO);
	assert_non_null(strstr(err_why(), "/nonexistent-folder/x"));
}

CASE(a_failed_write_leaves_nothing_beside)
{
	assert_err(file_write(folder, SPAN("a"), 0600), ERR_IO); /* rename onto a folder */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_with_its_mode),
		cmocka_unit_test(a_file_of_the_limit_fits_and_one_more_byte_does_not),
		cmocka_unit_test(an_error_names_the_path),
		cmocka_unit_test(a_failed_write_leaves_nothing_beside),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
