#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "cli/ceremony/asked.h"
#include "cli/ceremony/fido2.h"
#include "cli/ceremony/paper.h"
#include "cli/ceremony/script.h"
#include "cli/ceremony/state.h"
#include "webauthn/webauthn.h"

#define CASE(name) static void name(void **state)

static char folder[] = "/tmp/mohar-test-XXXXXX";

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void
path_of(const char *name, char out[64])
{
	(void)snprintf(out, 64, "%s/%s", folder, name);
}

/* Reads it; what is wrong with it is in err_why(). */
static enum err
script_of(const char *text, struct script *out)
{
	char path[64];

	path_of("script.json", path);
	assert_int_equal(file_write(path, span_of(text), 0600), ERR_OK);
	return script_read(path, out);
}

CASE(each_fault_of_a_script_is_refused_with_its_line)
{
	static const struct {
		const char *text, *why;
	} faults[] = {
		{"{\"title\":\"t\",\"steps\":[]}", "without steps"},
		{"{\"title\":\"t\",\n\"steps\":[\n{\"do\":\"dance\"}]}", ":3: a ceremony has no step 'dance'"},
		{"{\"title\":\"t\",\"steps\":[{\"do\":\"token\"}]}", "step 'token' lacks 'token'"},
		{"{\"title\":\"t\",\"steps\":[{\"do\":\"token\",\"token\":\"side\"}]}", "'root' or 'main'"},
		{"{\"title\":\"t\",\"steps\":[{\"do\":\"note\",\"say\":\"x\",\"key\":\"k\"}]}",
			"step 'note' has no 'key'"},
		{"{\"title\":\"t\",\"steps\":[{\"do\":\"confirm\"}]}", "step 'confirm' lacks 'say'"},
		{"{\"title\":\"t\",\"steps\":[{\"do\":\"policy\",\"token\":\"main\",\"input\":\"next\"}]}",
			"input 'next' is not among"},
		{"{\"title\":\"t\",\"steps\":[{\"do\":\"list\",\"key\":\"root-ca\",\"days\":1,\"revoke\":[\"x\"]}]}",
			"input 'x' is not among"},
		{"{\"title\":\"t\",\"surprise\":1,\"steps\":[{\"do\":\"note\",\"say\":\"x\"}]}", "surprise"},
		{"{\"title\":\"t\",\"steps\":[{\"do\":\"note\",\"say\":\"x\",\"say\":\"y\"}]}", "say"},
		{"{\"title\":\"t\",\"steps\":[{\"do\":\"list\",\"key\":\"root-ca\",\"days\":0}]}", "days"},
	};
	struct script s;

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		assert_int_not_equal(script_of(faults[i].text, &s), ERR_OK);
		assert_non_null(strstr(err_why(), faults[i].why));
	}
}

CASE(a_script_is_read_and_known_by_its_bytes)
{
	static const char text[] =
		"{\"title\":\"t\",\"roles\":[\"witness\"],\"inputs\":[{\"name\":\"n\",\"what\":\"w\"}],"
		"\"steps\":[{\"do\":\"policy\",\"token\":\"main\",\"input\":\"n\",\"say\":\"aloud\"}]}";
	const struct sha256 hash = sha256_of(span_of(text));
	struct script s;

	(void)state;
	assert_int_equal(script_of(text, &s), ERR_OK);
	assert_int_equal(s.steps.count, 1);
	assert_string_equal(((struct script_step *)s.steps.items)[0].say, "aloud");
	assert_memory_equal(s.hash.bytes, hash.bytes, SHA256_LEN);
	script_free(&s);
}

/* Interrupted before, in and after each step: what was done stays done, and what was begun is known. */
CASE(a_state_goes_on_at_each_step)
{
	const struct sha256 script = sha256_of(SPAN("script")), keys = sha256_of(SPAN("keys"));
	struct ceremony_state *s;
	char path[64], json[32];

	(void)state;
	path_of("part", path);
	for (size_t step = 0; step < 5; step++) {
		assert_int_equal(state_read(path, &script, &keys, &s), ERR_OK);
		assert_int_equal(s->steps.count, step);
		assert_int_equal(s->doing, -1);
		assert_int_equal(state_begin(s, path, step), ERR_OK);
		state_free(&s);

		assert_int_equal(state_read(path, &script, &keys, &s), ERR_OK);
		assert_int_equal(s->steps.count, step);
		assert_int_equal(s->doing, step);
		(void)snprintf(json, sizeof(json), "{\"step\":%zu}", step);
		assert_int_equal(state_add(s, path, span_of(json)), ERR_OK);
		state_free(&s);
	}
	assert_int_equal(state_read(path, &script, &keys, &s), ERR_OK);
	assert_string_equal(((struct state_step *)s->steps.items)[3].json, "{\"step\":3}");
	state_free(&s);
}

CASE(the_state_of_another_ceremony_is_refused)
{
	const struct sha256 script = sha256_of(SPAN("script")), keys = sha256_of(SPAN("keys")),
			    other = sha256_of(SPAN("other"));
	struct ceremony_state *s;
	char path[64];

	(void)state;
	path_of("other", path);
	assert_int_equal(state_read(path, &script, &keys, &s), ERR_OK);
	assert_int_equal(state_begin(s, path, 0), ERR_OK);
	state_free(&s);
	assert_int_equal(state_read(path, &other, &keys, &s), ERR_MISMATCH);
	assert_null(s);
	assert_int_equal(state_read(path, &script, &other, &s), ERR_MISMATCH);
	assert_int_equal(file_write(path, SPAN("{\"script_sha256\":"), 0600), ERR_OK);
	assert_int_not_equal(state_read(path, &script, &keys, &s), ERR_OK);
	assert_null(s);
}

/* What a FIDO2 key answers is what mohar-hsmd's own reader finds in it. */
CASE(a_fido2_response_is_read_as_it_was_written)
{
	const struct sha256 challenge = sha256_of(SPAN("challenge"));
	AUTO(writer) data = writer_new(512);
	AUTO(writer) json = writer_new(4096);
	uint8_t authenticator[37] = {0};
	struct webauthn_assertion shown;
	struct fido2_answer a = {.credential = SPAN("credential-id"), .signature = SPAN("signature")};

	(void)state;
	assert_int_equal(fido2_client_data("webauthn.get", &challenge, &data), ERR_OK);
	assert_non_null(strstr((const char *)writer_span(&data).ptr, "\"origin\":\"mohar:ceremony\""));
	a.authenticator_data = span_at(authenticator, sizeof(authenticator));
	a.client_data = writer_span(&data);
	assert_int_equal(fido2_response(&a, &json), ERR_OK);
	assert_int_equal(webauthn_peek(writer_span(&json), &shown), ERR_OK);
	assert_true(span_is(span_at(shown.credential_id, shown.credential_id_len), "credential-id"));
}

CASE(another_end_of_the_proposal_is_another_challenge)
{
	static struct proposal_file p = {.kind = "delete", .label = "status"};
	const struct sha256 first = fido2_challenge(&p);
	struct sha256 longer;

	(void)state;
	p.told.expires = 1;
	longer = fido2_challenge(&p);
	assert_memory_not_equal(first.bytes, longer.bytes, SHA256_LEN);
}

CASE(every_kind_of_step_asks_somebody)
{
	static const char *const kinds[] = {"token", "genesis-check", "generate", "certificate", "cross-certificate",
		"list", "policy", "delete", "destroy", "backup", "restore", "note", "confirm", "expect"};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		AUTO(writer) title = writer_new(256);
		AUTO(writer) asked = writer_new(512);

		asked_title(kinds[i], "main", "log", "next", &title);
		asked_of(kinds[i], 3, true, &asked);
		assert_string_not_equal((const char *)writer_span(&title).ptr, kinds[i]);
		assert_true(asked.len > 0);
		assert_null(strchr((const char *)writer_span(&asked).ptr, '%'));
	}
}

/* ---- paper ---- */

static void
pages_check(const char *text)
{
	size_t lines = 0, columns = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\f') {
			lines = 0;
		} else if (*text == '\n') {
			assert_true(++lines <= PAPER_LINES);
			columns = 0;
		} else if (((uint8_t)*text & 0xc0) != 0x80) {
			assert_true(++columns <= PAPER_COLUMNS);
		}
	}
}

CASE(no_text_breaks_a_page)
{
	static char endless[4001];
	const struct sha256 hash = sha256_of(SPAN("x"));
	AUTO(writer) out = writer_new(MAX_PAPER);
	struct paper p = paper_new(&paper_text, "script", endless, &hash);

	(void)state;
	memset(endless, 'w', sizeof(endless) - 1);
	for (size_t i = 0; i < 40; i++) {
		paper_section(&p, "Part");
		paper_step(&p, i, endless, "2027-01-15T08:00:00Z");
		paper_say(&p, "\xd0\x96\xd0\x96\xd0\x96 words \xe4\xb8\xad\xe6\x96\x87 and a\tb\x1b[31m");
		paper_field(&p, "name", endless);
		paper_words(&p, endless);
		paper_node(&p, (unsigned)(i % 5), endless, "detail");
		paper_box(&p, endless, "name", "note");
	}
	assert_int_equal(paper_end(&p, &out), ERR_OK);
	pages_check((const char *)writer_span(&out).ptr);
	assert_null(strchr((const char *)writer_span(&out).ptr, '\x1b'));
	assert_non_null(strstr((const char *)writer_span(&out).ptr, "\fscript: "));
	paper_free(&p);
}

CASE(html_takes_nothing_for_markup)
{
	const struct sha256 hash = sha256_of(SPAN("x"));
	AUTO(writer) out = writer_new(MAX_PAPER);
	struct paper p = paper_new(&paper_html, "script", "\"}</style><b>&", &hash);

	(void)state;
	paper_section(&p, "<i>");
	paper_step(&p, 1, "<u>", "<s>");
	paper_say(&p, "</section><a href=x>");
	paper_words(&p, "<pre>\n</pre>");
	paper_node(&p, 0, "<li>", "</ul>");
	paper_node(&p, 2, "deep", "");
	paper_box(&p, "<p>", "<q>", "<em>");
	assert_int_equal(paper_end(&p, &out), ERR_OK);
	for (const char *const *bad = (const char *const[]){"<i>", "<u>", "<s>", "<a ", "<q>", "<em>", "\"}<", NULL};
		*bad != NULL; bad++)
		assert_null(strstr((const char *)writer_span(&out).ptr, *bad));
	paper_free(&p);
}

CASE(a_hash_at_the_end_of_a_line_is_found)
{
	static const char hash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	char line[128];
	size_t prefix;

	(void)state;
	(void)snprintf(line, sizeof(line), "  key SHA-256    %s", hash);
	assert_string_equal(paper_line_hash(span_of(line), &prefix), hash);
	assert_int_equal(prefix, 17);
	(void)snprintf(line, sizeof(line), "x%s", hash);
	assert_null(paper_line_hash(span_of(line), &prefix));
	assert_null(paper_line_hash(SPAN("short"), &prefix));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_of_a_script_is_refused_with_its_line),
		cmocka_unit_test(a_script_is_read_and_known_by_its_bytes),
		cmocka_unit_test(a_state_goes_on_at_each_step),
		cmocka_unit_test(the_state_of_another_ceremony_is_refused),
		cmocka_unit_test(a_fido2_response_is_read_as_it_was_written),
		cmocka_unit_test(another_end_of_the_proposal_is_another_challenge),
		cmocka_unit_test(every_kind_of_step_asks_somebody),
		cmocka_unit_test(no_text_breaks_a_page),
		cmocka_unit_test(html_takes_nothing_for_markup),
		cmocka_unit_test(a_hash_at_the_end_of_a_line_is_found),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
