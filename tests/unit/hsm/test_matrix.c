#include "rig.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/reader.h"
#include "hsm/policy/policy.h"
#include "keyring/frame.h"

/* Every daemon's user, every operation of OP_TABLE, every key of keys.json: what the matrix here forbids is REFUSED by the permit, what it allows is not. The matrix is
 * written down once more below, apart from lib/policy/purpose.c and hsm/policy/permit.c: an operation or a purpose that is new, or that somebody is given, fails until it is said here too. */
enum { MAX_REPLY = 1 << 16 };

#define BIT(op) (1U << OP_##op)

static const unsigned everyones = BIT(STATUS) | BIT(LIST) | BIT(PUBKEY) | BIT(RANDOM) | BIT(METRICS),
		      ceremonys = BIT(GENERATE) | BIT(PROPOSE) | BIT(APPROVE),
		      with_keys = BIT(SIGN) | BIT(MAC) | BIT(WRAP) | BIT(UNWRAP) | BIT(CHALLENGE) | BIT(ACTIVATE) |
	BIT(RETIRE);

static const struct {
	const char *name;
	unsigned ops;
} purposes[] = {
	{"root-ca", BIT(SIGN)},
	{"issuing-ca", BIT(SIGN)},
	{"ocsp", BIT(SIGN)},
	{"token-jws", BIT(SIGN)},
	{"agency-seal", BIT(SIGN)},
	{"status-jws", BIT(SIGN)},
	{"checkpoint", BIT(SIGN)},
	{"document-seal", BIT(SIGN)},
	{"time-stamp", BIT(SIGN)},
	{"mac", BIT(MAC)},
	{"wrap", BIT(WRAP) | BIT(UNWRAP)},
	{"citizen-keys", BIT(WRAP) | BIT(CHALLENGE) | BIT(ACTIVATE) | BIT(RETIRE)},
	{"blob-seal", 0},
};

static const struct {
	uint8_t op;
	const char *name;
	unsigned demanded, allowed;
} operations[] = {
#define X(name, number, demanded, allowed) {number, #name, demanded, allowed},
	OP_TABLE(X)
#undef X
};
enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

/* Purposes that keys.json does not use, so that they are asked about too. */
static const char more[] =
	"{\"label\": \"seal-documents\", \"purpose\": \"document-seal\", \"algorithm\": \"P-256\", \"token\": \"main\", \"callers\": [\"signer\"]},"
	"{\"label\": \"stamp\", \"purpose\": \"time-stamp\", \"algorithm\": \"P-256\", \"token\": \"main\", \"callers\": [\"signer\"], \"policies\": [\"1.3.6.1.4.1.99999.2.1\"]},";

static int
set_up(void **state)
{
	struct rig *r = rig_new_with(more);

	*state = r;
	if (r == NULL)
		return 0;
	rig_up(r, NULL);
	rig_generate(r, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

/* ---- asking ---- */

static int
raw_connect(const struct rig *r)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timeval wait = {10, 0};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/hsmd.sock", r->dir);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
		connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		return -1;
	return fd;
}

/* Well-formed, so that nothing but the permit can stand in the way before it. */
static struct span
value_of(enum field f, const char *label)
{
	static const char digests[] = "\x20"
				      "01234567890123456789012345678901";

	switch (f) {
	case FIELD_LABEL:
		return span_of(label);
	case FIELD_COUNT:
		return SPAN("\x00\x10");
	case FIELD_DIGESTS:
		return span_at((const uint8_t *)digests, sizeof(digests) - 1);
	case FIELD_NONCE:
		return SPAN("0123456789abcdef");
	case FIELD_KIND:
		return SPAN("sign");
	default:
		return SPAN("x");
	}
}

struct told {
	enum err e;
	bool fruit; /* a result, or a secret */
	char why[512];
};

static enum err
read_reply(int fd, struct told *out)
{
	static uint8_t bytes[MAX_REPLY];
	struct frame_head head;
	struct fields f;
	size_t have = 0;

	while (have < FRAME_HEAD || have < FRAME_HEAD + head.len) {
		const ssize_t n = recv(fd, bytes + have, sizeof(bytes) - have, 0);

		REQUIRE(n > 0, ERR_IO);
		have += (size_t)n;
		if (have >= FRAME_HEAD)
			TRY(frame_head_read(span_at(bytes, FRAME_HEAD), &head));
	}
	if (head.more) { /* a refusal fits into one frame */
		*out = (struct told){.e = ERR_OK, .fruit = true};
		return ERR_OK;
	}
	TRY(reply_read(span_at(bytes + FRAME_HEAD, head.len), &f));
	*out = (struct told){.e = code_error(f.at[FIELD_CODE].ptr[0]),
		.fruit = (f.present & (FIELD_BIT(RESULT) | FIELD_BIT(SECRET))) != 0};
	(void)snprintf(out->why, sizeof(out->why), "%.*s", (int)f.at[FIELD_REASON].len,
		(const char *)f.at[FIELD_REASON].ptr);
	return ERR_OK;
}

/* A fresh connection each: a stranger's is closed after the refusal. */
static enum err
ask(const struct rig *r, size_t op, const char *label, struct told *out)
{
	AUTO(writer) body = writer_new(4096);
	AUTO(writer) frame = writer_new(4096);
	const int fd = raw_connect(r);
	const unsigned fields = operations[op].demanded | (label == NULL ? 0 : FIELD_BIT(LABEL));
	enum err e;

	REQUIRE(fd >= 0, ERR_IO);
	for (int i = 0; i < FIELDS; i++)
		if (fields & 1U << i)
			field_write(&body, (enum field)i, value_of((enum field)i, label));
	frame_write(&frame, operations[op].op, 1, writer_span(&body));
	(void)send(fd, frame.ptr, frame.len,
		MSG_NOSIGNAL); /* a stranger's end may be closed by now: the answer is there */
	e = read_reply(fd, out);
	(void)close(fd);
	return e;
}

/* ---- what is expected ---- */

static bool
may(const char *caller, size_t op, const struct key_rule *rule)
{
	const unsigned bit = 1U << operations[op].op;

	if (caller == NULL)
		return false;
	if (bit & everyones)
		return true;
	if (bit & ceremonys)
		return strcmp(caller, "ceremony") == 0;
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (strcmp(purposes[i].name, rule->purpose) == 0)
			return (purposes[i].ops & bit) && json_texts_have(&rule->callers, caller);
	return false;
}

static bool
by_permit(const struct told *t)
{
	return t->e == ERR_REFUSED &&
		(strstr(t->why, "is no caller") != NULL || strstr(t->why, " may not ") != NULL ||
			strstr(t->why, ") is not for ") != NULL);
}

static size_t
cell(const struct rig *r, const char *caller, size_t op, const struct key_rule *rule)
{
	const bool allowed = may(caller, op, rule);
	const char *label = rule == NULL ? NULL : rule->label;
	struct told t;

	if (ask(r, op, label, &t) != ERR_OK) {
		print_message("  %s, %s: no answer\n", operations[op].name, label == NULL ? "-" : label);
		return 1;
	}
	if (allowed ? !by_permit(&t) : by_permit(&t) && !t.fruit)
		return 0;
	print_message("  %s as %s, key %s: %s, but was answered %s: %s\n", operations[op].name,
		caller == NULL ? "a stranger" : caller, label == NULL ? "-" : label, allowed ? "may" : "may not",
		err_name(t.e), t.why);
	return 1;
}

struct row {
	const char *caller; /* NULL: a stranger */
	const struct policy *policy;
	size_t least; /* cells that must have been asked */
};

/* In a child of that user. ERR_MISMATCH: a cell is wrong. */
static enum err
act_row(struct rig *r, struct keyring *k, void *context)
{
	const struct row *row = context;
	const struct key_rule *rules = row->policy->file.keys.items;
	size_t wrong = 0, asked = 0;

	(void)k;
	for (size_t op = 0; op < OPERATIONS; op++) {
		const bool labelled = (operations[op].demanded | operations[op].allowed) & FIELD_BIT(LABEL);

		for (size_t i = 0; i < (labelled ? row->policy->file.keys.count : 1); i++, asked++)
			wrong += cell(r, row->caller, op, labelled ? &rules[i] : NULL);
	}
	if (asked < row->least)
		print_message("  only %zu cells were asked\n", asked);
	return wrong == 0 && asked >= row->least ? ERR_OK : ERR_MISMATCH;
}

static void
matrix(void **state, uid_t uid, const char *caller)
{
	struct rig *r = rig_of(state);
	struct policy policy;
	char path[128];
	struct row row = {.caller = caller, .policy = &policy};

	if (!r->separate) {
		print_message("skipped: several users need root\n");
		skip();
	}
	rig_path(r, "keys.json", path);
	assert_ok(policy_read(path, &policy));
	row.least = 10 * policy.file.keys.count;
	assert_ok(rig_as(r, uid, act_row, &row));
	policy_free(&policy);
}

CASE(every_operation_and_every_purpose_is_in_the_matrix)
{
	struct rig *r = rig_of(state);
	struct policy policy;
	const struct key_rule *rules;
	char path[128];

	for (size_t op = 0; op < OPERATIONS; op++) {
		const unsigned bit = 1U << operations[op].op;

		if (!!(bit & everyones) + !!(bit & ceremonys) + !!(bit & with_keys) != 1)
			fail_msg("say in one list of this test who may %s", operations[op].name);
	}
	rig_path(r, "keys.json", path);
	assert_ok(policy_read(path, &policy));
	rules = policy.file.keys.items;
	for (size_t i = 0; i < policy.file.keys.count; i++) {
		bool known = false;

		for (size_t n = 0; n < sizeof(purposes) / sizeof(purposes[0]); n++)
			known = known || strcmp(purposes[n].name, rules[i].purpose) == 0;
		if (!known)
			fail_msg("say in this test which operations purpose '%s' has", rules[i].purpose);
	}
	for (size_t n = 0; n < sizeof(purposes) / sizeof(purposes[0]); n++) {
		bool asked = false;

		for (size_t i = 0; i < policy.file.keys.count; i++)
			asked = asked || strcmp(purposes[n].name, rules[i].purpose) == 0;
		if (!asked)
			fail_msg("no key of the rig has purpose '%s'", purposes[n].name);
	}
	policy_free(&policy);
}

CASE(cads_user_is_refused_all_that_is_not_its_own)
{
	matrix(state, UID_CA, "ca");
}

CASE(idpds_user_is_refused_all_that_is_not_its_own)
{
	matrix(state, UID_IDP, "idp");
}

CASE(signerds_user_is_refused_all_that_is_not_its_own)
{
	matrix(state, UID_SIGNER, "signer");
}

CASE(the_ceremonys_user_is_refused_all_that_is_not_its_own)
{
	matrix(state, 0, "ceremony");
}

CASE(a_strangers_user_is_refused_everything)
{
	matrix(state, UID_STRANGER, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_and_every_purpose_is_in_the_matrix),
		cmocka_unit_test(cads_user_is_refused_all_that_is_not_its_own),
		cmocka_unit_test(idpds_user_is_refused_all_that_is_not_its_own),
		cmocka_unit_test(signerds_user_is_refused_all_that_is_not_its_own),
		cmocka_unit_test(the_ceremonys_user_is_refused_all_that_is_not_its_own),
		cmocka_unit_test(a_strangers_user_is_refused_everything),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
