#include "tests/unit/lib/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/secret.h"
#include "base/vault.h"

/* A pipe's reading end with text in it and its writing end closed. */
static int
piped(const char *text)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
	close(ends[1]);
	return ends[0];
}

CASE(a_pin_loses_one_newline_and_no_more)
{
	struct secret *s = NULL;

	assert_ok(secret_read(piped("1234\n"), 8, &s));
	assert_span(secret_span(s), "1234");
	secret_free(&s);
	assert_null(s);
	assert_ok(secret_read(piped("12\n\n"), 8, &s));
	assert_span(secret_span(s), "12\n");
	secret_free(&s);
	assert_ok(secret_read(piped("12345678"), 8, &s));
	assert_span(secret_span(s), "12345678");
	secret_free(&s);
}

CASE(a_pin_beyond_the_limit_is_refused_not_cut)
{
	struct secret *s = NULL;

	assert_err(secret_read(piped("123456789"), 8, &s), ERR_TOO_LONG);
	assert_err(secret_read(piped("123456789\n"), 8, &s), ERR_TOO_LONG);
	assert_err(secret_read(piped("12345678901234567890"), 8, &s), ERR_TOO_LONG);
	assert_null(s);
	assert_ok(secret_read(piped("12345678\n"), 8, &s));
	secret_free(&s);
}

CASE(the_pipe_is_closed_behind_the_pin)
{
	const int fd = piped("1");
	struct secret *s = NULL;

	assert_ok(secret_read(fd, 8, &s));
	assert_int_equal(close(fd), -1);
	secret_free(&s);
}

CASE(equal_needs_every_byte_and_the_length)
{
	assert_true(secret_equal(SPAN("token"), SPAN("token")));
	assert_false(secret_equal(SPAN("token"), SPAN("tokem")));
	assert_false(secret_equal(SPAN("token"), SPAN("toke")));
	assert_true(secret_equal(SPAN(""), span_at(NULL, 0)));
}

CASE(a_copy_stands_alone_and_starts_from_zero)
{
	struct secret *s = NULL;
	char pin[] = "99";

	assert_ok(secret_copy(span_of(pin), &s));
	memset(pin, 0, sizeof(pin));
	assert_span(secret_span(s), "99");
	secret_bytes(s)[0] = '8';
	assert_span(secret_span(s), "89");
	secret_free(&s);
	assert_ok(secret_new(5000, &s));
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(secret_span(s).ptr[i], 0);
	secret_free(&s);
	secret_free(&s);
}

CASE(a_forked_child_does_not_inherit_the_pin)
{
	struct secret *s = NULL;
	int status;
	pid_t child;

	assert_ok(secret_copy(SPAN("1234"), &s));
	child = fork();
	if (child == 0)
		_exit(secret_span(s).ptr[0] == 0 && secret_span(s).ptr[3] == 0 ? 0 : 1);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_span(secret_span(s), "1234");
	secret_free(&s);
}

/* A byte beyond the secrets' pages is another process's end, not another variable. */
CASE(running_over_the_secrets_pages_kills)
{
	struct secret *s = NULL;
	int status;
	pid_t child;

	assert_ok(secret_new(VAULT_CELL * VAULT_CELLS - 1, &s));
	for (int way = 0; way < 2; way++) {
		child = fork();
		if (child == 0) {
			volatile uint8_t *at = secret_bytes(s);

			(void)signal(SIGSEGV, SIG_DFL);
			at += way == 0 ? VAULT_CELL * VAULT_CELLS : -1;
			*at = 1;
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	}
	secret_free(&s);
}

CASE(a_full_vault_is_told_and_what_is_given_back_is_wiped_and_used_again)
{
	struct secret *all[VAULT_CELLS] = {NULL}, *more = NULL;
	const uint8_t *first;
	size_t count = 0;

	while (count < VAULT_CELLS && secret_new(32, &all[count]) == ERR_OK)
		memset(secret_bytes(all[count++]), 0xaa, 32);
	assert_int_equal(count, VAULT_CELLS);
	assert_err(secret_new(1, &more), ERR_NO_MEMORY);
	assert_err(secret_new(VAULT_CELL * VAULT_CELLS, &more), ERR_NO_MEMORY);
	first = secret_bytes(all[7]);
	secret_free(&all[7]);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(first[i], 0);
	assert_ok(secret_new(63, &more));
	assert_ptr_equal(secret_bytes(more), first);
	secret_free(&more);
	for (size_t i = 0; i < count; i++)
		secret_free(&all[i]);
}

CASE(a_secret_costs_no_system_call)
{
	const clock_t began = clock();
	struct secret *s = NULL;

	for (int i = 0; i < 100000; i++) {
		assert_ok(secret_new(255, &s));
		secret_free(&s);
	}
	assert_true(clock() - began <
		CLOCKS_PER_SEC); /* 10 microseconds each; measured: 0.1, and 3 with pages of its own */
}

RUN(cmocka_unit_test(running_over_the_secrets_pages_kills),
	cmocka_unit_test(a_full_vault_is_told_and_what_is_given_back_is_wiped_and_used_again),
	cmocka_unit_test(a_secret_costs_no_system_call), cmocka_unit_test(a_pin_loses_one_newline_and_no_more),
	cmocka_unit_test(a_pin_beyond_the_limit_is_refused_not_cut),
	cmocka_unit_test(the_pipe_is_closed_behind_the_pin), cmocka_unit_test(equal_needs_every_byte_and_the_length),
	cmocka_unit_test(a_forked_child_does_not_inherit_the_pin),
	cmocka_unit_test(a_copy_stands_alone_and_starts_from_zero))
