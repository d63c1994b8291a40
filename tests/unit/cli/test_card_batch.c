#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "cli/card/batch_list.h"
#include "cli/card/letter.h"
#include "cli/card/role.h"

static char folder[] = "/tmp/mohar-batch-XXXXXX";
static char list_path[64], report_path[64], text_path[80];

static int
setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(list_path, sizeof(list_path), "%s/list", folder);
	(void)snprintf(report_path, sizeof(report_path), "%s/report", folder);
	(void)snprintf(text_path, sizeof(text_path), "%s/report.txt", folder);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = {"list", "report", "report.txt", "card 1.txt", "card 2.txt"};
	char path[80];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

static enum err
read_text(const char *text, struct batch_list *out)
{
	assert_int_equal(file_write(list_path, span_of(text), 0600), ERR_OK);
	return batch_list_read(list_path, out);
}

static void
csv_and_json_lines_say_the_same(void **state)
{
	static const char *const texts[] = {
		"handle,profiles,label\r\none,citizen,card 1\r\n\r\ntwo,officer,card 2",
		"{\"handle\":\"one\",\"profiles\":\"citizen\",\"label\":\"card 1\"}\n"
		"{\"handle\":\"two\",\"profiles\":\"officer\",\"label\":\"card 2\"}\n",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct batch_list l;

		assert_int_equal(read_text(texts[i], &l), ERR_OK);
		assert_int_equal(l.cards.count, 2);
		assert_string_equal(batch_card_at(&l, 0)->handle, "one");
		assert_string_equal(batch_card_at(&l, 1)->profiles, "officer");
		assert_string_equal(batch_card_at(&l, 1)->label, "card 2");
		assert_int_equal(batch_count(&l, "waiting"), 2);
		batch_list_free(&l);
	}
}

/* Each line of the table is a list that would make a wrong card, or a letter in a wrong place. */
static void
a_bad_line_is_named_by_its_number(void **state)
{
	static const struct {
		const char *text, *line;
		enum err expected;
	} cases[] = {
		{"", "", ERR_MALFORMED},
		{"handle,profiles,label\n", "", ERR_MALFORMED},
		{"one,citizen,card 1\n", ":1:", ERR_MALFORMED},
		{"handle,profiles,label\none,citizen\n", ":2:", ERR_MALFORMED},
		{"handle,profiles,label\none,citizen,card,1\n", ":2:", ERR_MALFORMED},
		{"handle,profiles,label\none,citizen,\"card 1\"\n", ":2:", ERR_MALFORMED},
		{"handle,profiles,label\n,citizen,card 1\n", ":2:", ERR_MALFORMED},
		{"handle,profiles,label\none,nothing,card 1\n", ":2:", ERR_NOT_FOUND},
		{"handle,profiles,label\none,citizen,a/b\n", ":2:", ERR_MALFORMED},
		{"handle,profiles,label\none,citizen,..\n", ":2:", ERR_MALFORMED},
		{"handle,profiles,label\none,citizen,\n", ":2:", ERR_MALFORMED},
		{"handle,profiles,label\none,citizen,card 1 \n", ":2:", ERR_MALFORMED},
		{"handle,profiles,label\none,citizen,123456789012345678901234567890123\n", ":2:", ERR_MALFORMED},
		{"handle,profiles,label\none,citizen,x\ntwo,citizen,x\n", ":3:", ERR_EXISTS},
		{"handle,profiles,label\n\xff,citizen,x\n", ":2:", ERR_MALFORMED},
		{"{\"handle\":\"one\",\"profiles\":\"citizen\"}\n", ":1:", ERR_MALFORMED},
		{"{\"handle\":\"one\",\"handle\":\"two\",\"profiles\":\"citizen\",\"label\":\"x\"}\n",
			":1:", ERR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct batch_list l;

		assert_int_equal(read_text(cases[i].text, &l), cases[i].expected);
		assert_non_null(strstr(err_why(), cases[i].line));
		assert_int_equal(l.cards.count, 0);
		err_forget();
	}
}

static void
a_report_gives_back_what_was_done(void **state)
{
	static const char list[] = "handle,profiles,label\none,citizen,card 1\ntwo,officer,card 2\n";
	struct batch_list l, again;
	AUTO(writer) text = writer_new(4 << 10);

	(void)state;
	assert_int_equal(read_text(list, &l), ERR_OK);
	assert_int_equal(batch_report_read(report_path, &l), ERR_OK);
	assert_int_equal(batch_card_is(batch_card_at(&l, 0), "done", NULL), ERR_OK);
	assert_int_equal(batch_card_is(batch_card_at(&l, 1), "failed", "because"), ERR_OK);
	batch_card_at(&l, 0)->milliseconds = 1234;
	assert_int_equal(batch_report_write(report_path, &l), ERR_OK);
	batch_list_free(&l);

	assert_int_equal(read_text(list, &again), ERR_OK);
	assert_int_equal(batch_report_read(report_path, &again), ERR_OK);
	assert_string_equal(batch_card_at(&again, 0)->state, "done");
	assert_int_equal(batch_card_at(&again, 0)->milliseconds, 1234);
	assert_string_equal(batch_card_at(&again, 1)->reason, "because");
	batch_list_free(&again);
	assert_int_equal(file_read(text_path, 4 << 10, &text), ERR_OK);
	assert_non_null(strstr((const char *)writer_span(&text).ptr, "2 cards: 1 done, 1 failed, 0 to do"));
}

/* Else a card with somebody's keys would be taken for another's. */
static void
a_label_is_never_somebody_elses_afterwards(void **state)
{
	struct batch_list l;

	(void)state;
	assert_int_equal(read_text("handle,profiles,label\nthree,citizen,card 1\n", &l), ERR_OK);
	assert_int_equal(batch_report_read(report_path, &l), ERR_MISMATCH);
	batch_list_free(&l);
	assert_int_equal(read_text("handle,profiles,label\none,officer,card 1\n", &l), ERR_OK);
	assert_int_equal(batch_report_read(report_path, &l), ERR_MISMATCH);
	batch_list_free(&l);
	err_forget();
}

static void
a_letter_is_drawn_once_and_read_again(void **state)
{
	struct letter first, again, other;
	char path[80];
	struct stat st;

	(void)state;
	assert_int_equal(letter_of(folder, "card 1", "one", &first), ERR_OK);
	assert_int_equal(letter_of(folder, "card 1", "one", &again), ERR_OK);
	assert_int_equal(letter_of(folder, "card 2", "two", &other), ERR_OK);
	assert_int_equal(secret_span(first.pin).len, 6);
	assert_int_equal(secret_span(first.puk).len, 8);
	assert_true(secret_equal(secret_span(first.pin), secret_span(again.pin)));
	assert_true(secret_equal(secret_span(first.puk), secret_span(again.puk)));
	assert_false(secret_equal(secret_span(first.puk), secret_span(other.puk)));
	(void)snprintf(path, sizeof(path), "%s/card 1.txt", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	letter_free(&first);
	letter_free(&again);
	letter_free(&other);
}

static void
a_file_that_is_no_letter_gives_no_pin(void **state)
{
	struct letter l;
	char path[80];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/card 1.txt", folder);
	assert_int_equal(file_write(path, SPAN("Dear holder,\nPIN: \nPUK: 12345678\n"), 0600), ERR_OK);
	assert_int_equal(letter_of(folder, "card 1", "one", &l), ERR_CORRUPT);
	letter_free(&l);
	assert_int_equal(letter_of("/nonexistent", "card 1", "one", &l), ERR_IO);
	letter_free(&l);
	err_forget();
}

static void
a_new_key_is_of_the_same_use_as_the_old_one(void **state)
{
	char label[MAX_CARD_KEY_LABEL];

	(void)state;
	assert_true(card_key_is_signature(CARD_SIGNATURE));
	assert_true(card_key_is_signature(CARD_SIGNATURE | CARD_NEXT));
	assert_false(card_key_is_signature(CARD_AUTHENTICATION | CARD_NEXT));
	card_key_label(CARD_SIGNATURE | CARD_NEXT, label);
	assert_string_equal(label, "signature (new)");
	card_key_label(CARD_SIGNATURE | CARD_KEPT, label);
	assert_string_equal(label, "signature (old)");
	card_key_label(3, label);
	assert_string_equal(label, "key 3");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_and_json_lines_say_the_same),
		cmocka_unit_test(a_bad_line_is_named_by_its_number),
		cmocka_unit_test(a_report_gives_back_what_was_done),
		cmocka_unit_test(a_label_is_never_somebody_elses_afterwards),
		cmocka_unit_test(a_letter_is_drawn_once_and_read_again),
		cmocka_unit_test(a_file_that_is_no_letter_gives_no_pin),
		cmocka_unit_test(a_new_key_is_of_the_same_use_as_the_old_one),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
