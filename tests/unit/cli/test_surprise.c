#include "tests/unit/lib/test.h"

#include "cli/log/surprise.h"

static const char key_text[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"; /* 32 zeroes */
static const char now_text[] = "2026-06-01T12:00:00Z";

/* What the judge told last, and how often. */
struct told {
	char kind[64], why[MAX_SURPRISE];
	uint64_t index;
	int count;
};

static void
tell(void *context, uint64_t index, const char *kind, const char *why)
{
	struct told *t = context;

	(void)snprintf(t->kind, sizeof(t->kind), "%s", kind);
	(void)snprintf(t->why, sizeof(t->why), "%s", why);
	t->index = index;
	t->count++;
}

static const struct monitor_rule rules[] = {
	{.issuer = (char *)"citizen-ca", .profile = (char *)"citizen-authentication", .days = 1096, .per_hour = 3},
	{.issuer = (char *)"root-ca", .profile = (char *)"issuing-ca", .days = 3653, .tell = true},
};
static const char *const types[] = {"certificate.issued", "certificate.revoked", "tree.private"};
static const struct monitor_policy policy = {
	.version = 1,
	.types = {(void *)types, 3},
	.certificates = {(void *)rules, 2},
	.clock_seconds = 300,
	.backdate_seconds = 3600,
	.revocations_per_hour = 2,
	.quiet_seconds = 86400,
};

static const struct sha256 nobodys_key = {{0}};

static struct watching
watching(struct told *t)
{
	struct watching w = {.policy = &policy, .tell = tell, .context = t};

	assert_ok(time_read(SPAN(now_text), &w.now));
	return w;
}

static void
judge(struct told *t, struct seen *s, const char *type, const char *at, const char *public_part)
{
	const struct watching w = watching(t);
	AUTO(writer) entry = writer_new(MAX_ENTRY);

	writer_format(&entry,
		"{\"at\":\"%s\",\"id\":\"00000000-0000-4000-8000-000000000000\",\"private\":\"%s\",\"public\":%s,\"source\":\"ca\",\"type\":\"%s\",\"v\":1}",
		at, key_text, public_part, type);
	entry_judge(&w, s, 7, writer_span(&entry));
}

static void
judge_certificate(struct told *t, struct seen *s, const char *issuer, const char *profile, const char *from,
	const char *to)
{
	char public_part[500];

	(void)snprintf(public_part, sizeof(public_part),
		"{\"issuer\":\"%s\",\"not_after\":\"%s\",\"not_before\":\"%s\",\"profile\":\"%s\",\"serial\":\"01\",\"spki_sha256\":\"%s\"}",
		issuer, to, from, profile, key_text);
	judge(t, s, "certificate.issued", now_text, public_part);
}

CASE(what_is_usual_is_not_told)
{
	struct told t = {.count = 0};
	struct seen s = {0};

	judge_certificate(&t, &s, "citizen-ca", "citizen-authentication", now_text, "2029-06-01T12:00:00Z");
	judge(&t, &s, "tree.private", now_text, "{\"root\":\"x\",\"size\":5}");
	judge(&t, &s, "certificate.revoked", now_text, "{}");
	assert_int_equal(t.count, 0);
}

CASE(a_certificate_outside_its_rule_is_told)
{
	static const struct {
		const char *issuer, *profile, *from, *to, *kind;
	} odd[] = {
		{"service-ca", "citizen-authentication", now_text, "2027-06-01T12:00:00Z", "certificate-unknown"},
		{"citizen-ca", "issuing-ca", now_text, "2027-06-01T12:00:00Z", "certificate-unknown"},
		{"citizen-ca", "citizen-authentication", now_text, "2029-06-03T12:00:00Z", "certificate-too-long"},
		{"citizen-ca", "citizen-authentication", "2026-06-01T10:59:59Z", "2027-06-01T12:00:00Z",
			"certificate-backdated"},
		{"root-ca", "issuing-ca", now_text, "2027-06-01T12:00:00Z", "certificate-told"},
		{"citizen-ca", "citizen-authentication", "2026-06-01 12:00:00Z", "2027-06-01T12:00:00Z",
			"entry-malformed"},
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct told t = {.count = 0};
		struct seen s = {0};

		judge_certificate(&t, &s, odd[i].issuer, odd[i].profile, odd[i].from, odd[i].to);
		assert_int_equal(t.count, 1);
		assert_string_equal(t.kind, odd[i].kind);
		assert_int_equal(t.index, 7);
	}
}

CASE(too_many_in_an_hour_are_told_once_and_counted_anew_in_the_next)
{
	struct told t = {.count = 0};
	struct seen s = {0};

	for (int i = 0; i < 3; i++)
		judge_certificate(&t, &s, "citizen-ca", "citizen-authentication", now_text, "2027-06-01T12:00:00Z");
	assert_int_equal(t.count, 0);
	for (int i = 0; i < 5; i++)
		judge_certificate(&t, &s, "citizen-ca", "citizen-authentication", now_text, "2027-06-01T12:00:00Z");
	assert_int_equal(t.count, 1);
	assert_string_equal(t.kind, "too-many");
	judge(&t, &s, "certificate.revoked", "2026-06-01T12:01:00Z", "{}");
	judge(&t, &s, "certificate.revoked", "2026-06-01T12:01:00Z", "{}");
	assert_int_equal(t.count, 1);
	judge(&t, &s, "certificate.revoked", "2026-06-01T12:01:00Z", "{}");
	assert_int_equal(t.count, 2);
	s.hour--; /* as if those had been the hour before */
	judge(&t, &s, "certificate.revoked", "2026-06-01T12:01:00Z", "{}");
	assert_int_equal(t.count, 2);
}

CASE(times_out_of_order_and_ahead_are_told)
{
	struct told t = {.count = 0};
	struct seen s = {0};

	judge(&t, &s, "certificate.revoked", "2026-06-01T12:05:00Z", "{}");
	judge(&t, &s, "certificate.revoked", "2026-06-01T12:00:00Z", "{}");
	assert_int_equal(t.count, 0);
	judge(&t, &s, "tree.private", "2026-06-01T11:59:59Z", "{\"size\":1}");
	assert_string_equal(t.kind, "time-backwards");
	judge(&t, &s, "tree.private", "2026-06-01T12:05:01Z", "{\"size\":2}");
	assert_string_equal(t.kind, "time-ahead");
	assert_int_equal(t.count, 2);
}

CASE(a_private_tree_that_does_not_grow_and_unknown_kinds_are_told)
{
	struct told t = {.count = 0};
	struct seen s = {0};

	judge(&t, &s, "tree.private", now_text, "{\"size\":5}");
	judge(&t, &s, "tree.private", now_text, "{\"size\":6}");
	assert_int_equal(t.count, 0);
	judge(&t, &s, "tree.private", now_text, "{\"size\":4}");
	assert_string_equal(t.kind, "private-tree-shrunk");
	judge(&t, &s, "key.exported", now_text, "{}");
	assert_string_equal(t.kind, "type-unknown");
	judge(&t, &s, "tree.private", now_text, "{\"size\":\"many\"}");
	assert_string_equal(t.kind, "entry-malformed");
	assert_int_equal(t.count, 3);
}

CASE(an_entry_that_is_none_is_told_and_not_an_error)
{
	static const char *const odd[] = {"", "{}", "[]", "{\"v\":2}", "\xff", "{\"at\":\"now\"}"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct told t = {.count = 0};
		struct seen s = {0};
		const struct watching w = watching(&t);

		entry_judge(&w, &s, 1, span_of(odd[i]));
		assert_int_equal(t.count, 1);
		assert_string_equal(t.kind, "entry-malformed");
	}
}

CASE(a_certificate_for_a_watched_key_and_a_quiet_log_are_told)
{
	struct told t = {.count = 0};
	struct seen s = {0};
	struct watching w = watching(&t);
	static const char entry[] =
		"{\"at\":\"2026-06-01T12:00:00Z\",\"id\":\"00000000-0000-4000-8000-000000000000\",\"private\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
		"\"public\":{\"issuer\":\"citizen-ca\",\"not_after\":\"2027-06-01T12:00:00Z\",\"not_before\":\"2026-06-01T12:00:00Z\",\"profile\":\"citizen-authentication\","
		"\"serial\":\"01\",\"spki_sha256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},\"source\":\"ca\",\"type\":\"certificate.issued\",\"v\":1}";

	w.keys = &nobodys_key;
	w.key_count = 1;
	entry_judge(&w, &s, 1, SPAN(entry));
	assert_string_equal(t.kind, "key-watched");
	quiet_judge(&w, &s, 2);
	assert_int_equal(t.count, 1);
	w.now += 86401;
	quiet_judge(&w, &s, 2);
	assert_string_equal(t.kind, "quiet");
}

RUN(cmocka_unit_test(what_is_usual_is_not_told), cmocka_unit_test(a_certificate_outside_its_rule_is_told),
	cmocka_unit_test(too_many_in_an_hour_are_told_once_and_counted_anew_in_the_next),
	cmocka_unit_test(times_out_of_order_and_ahead_are_told),
	cmocka_unit_test(a_private_tree_that_does_not_grow_and_unknown_kinds_are_told),
	cmocka_unit_test(an_entry_that_is_none_is_told_and_not_an_error),
	cmocka_unit_test(a_certificate_for_a_watched_key_and_a_quiet_log_are_told))
