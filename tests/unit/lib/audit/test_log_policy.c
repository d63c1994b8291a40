#include "tests/unit/lib/test.h"

#include "audit/log_policy.h"

enum { WITNESSES = 4 };

static const char head[] = "mohar.example/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

/* Witnesses w0 to w3, and a log; their verifier keys as texts. */
struct country {
	struct note_key witness[WITNESSES], log;
	char vkey[WITNESSES][MAX_VKEY], log_vkey[MAX_VKEY];
};

static void
vkey_text(const struct note_key *k, char out[MAX_VKEY])
{
	AUTO(writer) w = writer_new(MAX_VKEY);

	assert_ok(note_vkey_write(k, &w));
	strcpy(out, (const char *)writer_span(&w).ptr);
}

static int
setup(void **state)
{
	struct country *c = calloc(1, sizeof(*c));

	for (int i = 0; i < WITNESSES; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "w%d.example", i);
		assert_ok(note_key_of(span_of(name), NOTE_COSIGNATURE, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
			&c->witness[i]));
		vkey_text(&c->witness[i], c->vkey[i]);
	}
	assert_ok(note_key_of(SPAN("mohar.example/log"), NOTE_SIGNATURE, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
		&c->log));
	vkey_text(&c->log, c->log_vkey);
	*state = c;
	return 0;
}

static int
teardown(void **state)
{
	struct country *c = *state;

	for (int i = 0; i < WITNESSES; i++)
		note_key_free(&c->witness[i]);
	note_key_free(&c->log);
	free(c);
	return 0;
}

static void
cosign(const struct note_key *k, struct writer *note)
{
	AUTO(writer) message = writer_new(1000);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t bytes[72] = {0, 0, 0, 0, 1};
	size_t len = 64;

	writer_format(&message, "cosignature/v1\ntime %llu\n%s", 1ULL << 24, head);
	assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, k->key), 1);
	assert_int_equal(EVP_DigestSign(md, bytes + 8, &len, writer_span(&message).ptr, message.len), 1);
	EVP_MD_CTX_free(md);
	assert_ok(note_line_write(k, span_at(bytes, sizeof(bytes)), note));
}

/* The policy with $0 to $3 and $L for the keys. */
static enum err
parse(const struct country *c, const char *template, struct log_policy *out)
{
	AUTO(writer) text = writer_new(MAX_LOG_POLICY);

	for (const char *at = template; *at != '\0'; at++)
		if (*at == '$' && at[1] == 'L') {
			writer_text(&text, c->log_vkey);
			at++;
		} else if (*at == '$')
			writer_text(&text, c->vkey[*++at - '0']);
		else
			writer_u8(&text, (uint8_t)*at);
	return log_policy_parse(writer_span(&text), "policy", out);
}

/* Is a note with the cosignatures of these (a bit each) good enough? */
static void
assert_quorum(const struct country *c, const struct log_policy *p, unsigned who, enum err e)
{
	AUTO(writer) note = writer_new(MAX_NOTE);
	size_t cosigned;

	writer_format(&note, "%s\n", head);
	for (unsigned i = 0; i < WITNESSES; i++)
		if ((who >> i & 1) != 0)
			cosign(&c->witness[i], &note);
	if (e == ERR_OK)
		assert_ok(log_policy_check(p, writer_span(&note), &cosigned));
	else
		assert_err(log_policy_check(p, writer_span(&note), &cosigned), e);
	assert_int_equal(cosigned, __builtin_popcount(who));
}

static const char nested[] = "# two offices\n"
			     "log $L https://log.example\n"
			     "\twitness A1 $0 https://w0.example/\n"
			     "witness A2 $1\n\n"
			     "witness B1 $2\n"
			     "witness B2  $3 \n"
			     "group A any A1 A2\n"
			     "group B 2 B1 B2\n"
			     "group both all A B\n"
			     "quorum both\n";

CASE(groups_within_groups_count_as_the_policy_says)
{
	struct log_policy p;

	assert_ok(parse(*state, nested, &p));
	assert_int_equal(p.log_count, 1);
	assert_string_equal(p.actors[0].url, "https://w0.example/");
	assert_quorum(*state, &p, 0xf, ERR_OK);
	assert_quorum(*state, &p, 0xe, ERR_OK);
	assert_quorum(*state, &p, 0xd, ERR_OK);
	assert_quorum(*state, &p, 0xc, ERR_UNTRUSTED);
	assert_quorum(*state, &p, 0x7, ERR_UNTRUSTED);
	assert_quorum(*state, &p, 0x0, ERR_UNTRUSTED);
	log_policy_free(&p);
}

CASE(without_a_quorum_none_is_asked_for_but_a_forged_cosignature_is_noticed)
{
	AUTO(writer) note = writer_new(MAX_NOTE);
	struct log_policy p;

	assert_ok(parse(*state, "witness w $0\nquorum none\n", &p));
	assert_quorum(*state, &p, 0, ERR_OK);
	writer_format(&note, "%s\n", head);
	cosign(&((struct country *)*state)->witness[0], &note);
	note.ptr[20]++;
	assert_err(log_policy_check(&p, writer_span(&note), NULL), ERR_BAD_SIGNATURE);
	log_policy_free(&p);
}

CASE(a_policy_that_could_be_misread_is_refused_with_its_line)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"witness w $0\n", "no line 'quorum"},
		{"quorum none\nquorum none\n", "line 2"},
		{"witness w $0\nquorum v\n", "line 2: 'v' is not defined"},
		{"witness w $0\nwitness w $1\nquorum w\n", "line 2: the name 'w' is taken"},
		{"witness none $0\nquorum none\n", "line 1: the name 'none'"},
		{"witness w $0\nwitness v $0\nquorum w\n", "line 2: this witness's key"},
		{"log $L\nlog $L\nquorum none\n", "line 2: this log's key"},
		{"witness w $L\nquorum w\n", "line 1: a witness has a key of type 0x04"},
		{"log $0\nquorum none\n", "line 1: a log has a key of type 0x01"},
		{"witness w $0\ngroup g 2 w\nquorum g\n", "line 2: a group asks for"},
		{"witness w $0\ngroup g 0 w\nquorum g\n", "line 2: a group asks for"},
		{"witness w $0\ngroup g 1x w\nquorum g\n", "line 2: a group asks for"},
		{"group g any g\nquorum g\n", "line 1: 'g' is not defined"},
		{"witness w $0\ngroup g any w w\nquorum g\n", "line 2: 'w' is a member already"},
		{"witness w $0\ngroup g any w\ngroup h any w g\nquorum h\n", "line 3: 'w' is a member already"},
		{"witness w $0 ftp://w.example\nquorum w\n", "line 1: the address"},
		{"witness w $0 https://w.example x\nquorum w\n", "line 1: expected"},
		{"witness w\nquorum w\n", "line 1: expected"},
		{"witnesses w $0\nquorum w\n", "line 1: a line begins with"},
		{"witness w x+00000000+AAAA\nquorum w\n", "line 1: C2SP signed-note"},
		{"quorum none", "line 1: no newline"},
		{"quorum none\r\n", "line 1: a control character"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct log_policy p;

		assert_int_equal(parse(*state, bad[i].text, &p), ERR_CONFIG);
		if (strstr(err_why(), bad[i].why) == NULL)
			fail_msg("'%s' does not say '%s'", err_why(), bad[i].why);
	}
}

RUN(cmocka_unit_test_setup_teardown(groups_within_groups_count_as_the_policy_says, setup, teardown),
	cmocka_unit_test_setup_teardown(without_a_quorum_none_is_asked_for_but_a_forged_cosignature_is_noticed, setup,
		teardown),
	cmocka_unit_test_setup_teardown(a_policy_that_could_be_misread_is_refused_with_its_line, setup, teardown))
