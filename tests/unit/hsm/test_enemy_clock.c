/* The wall clock set forth and back under a running mohar-hsmd, by tests/modules/skew.c: what is good once or for a while is not good again, nor for longer. */
#include "asked.h"
#include "person.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "base/file.h"

enum { HOUR = 3600, YEAR = 365 * 86400 };

static const char label[] = "citizen-keys";

static struct trial {
	struct rig *rig;
	struct keyring *signer;
	struct person one;
	volatile int64_t *skew; /* seconds; the daemon's clock only */
} trial;

static void
daemon_start(struct rig *r)
{
	const char *build = getenv("MOHAR_BUILD");
	char module[512], file[128];

	(void)snprintf(module, sizeof(module), "%s/tests/modules/skew.so", build == NULL ? "build" : build);
	rig_path(r, "skew", file);
	assert_int_equal(setenv("SKEW_FILE", file, 1) | setenv("LD_PRELOAD", module, 1), 0);
	rig_start(r);
	assert_int_equal(unsetenv("LD_PRELOAD"), 0);
}

static int
set_up(void **state)
{
	const int64_t zero = 0;
	const char *sanitized = getenv("MOHAR_SANITIZE");
	struct rig *r;
	char file[128];
	int fd;

	*state = NULL;
	if (sanitized != NULL && sanitized[0] != '\0') {
		print_message("skipped: nothing can be loaded before the sanitizers' own library\n");
		return 0;
	}
	*state = trial.rig = r = rig_new();
	if (r == NULL)
		return 0;
	rig_path(r, "skew", file);
	assert_ok(file_write(file, span_at((const uint8_t *)&zero, sizeof(zero)), 0644));
	fd = open(file, O_RDWR | O_CLOEXEC);
	trial.skew = mmap(NULL, sizeof(zero), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(trial.skew, MAP_FAILED);
	(void)close(fd);
	assert_int_equal(rig_run(r, "genesis"), 0);
	daemon_start(r);
	rig_generate(r, label);
	rig_generate(r, "citizen-seal");
	rig_generate(r, "root-ca");
	trial.signer = rig_keyring(r, UID_SIGNER);
	person_birth(r, trial.signer, &trial.one);
	return 0;
}

static int
tear_down(void **state)
{
	if (*state == NULL)
		return 0;
	person_free(&trial.one);
	keyring_free(&trial.signer);
	rig_free((struct rig **)state);
	return 0;
}

static int
clock_right(void **state)
{
	if (*state != NULL)
		*trial.skew = 0;
	return 0;
}

/* ---- activations ---- */

struct question {
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];
	struct digests digests;
};

static void
ask(struct question *q)
{
	q->digests = digests_some(32, 2);
	assert_ok(keyring_challenge(trial.signer, label, writer_span(&trial.one.blob), &q->digests, q->challenge,
		q->nonce));
}

static enum err
answer(const struct question *q, struct span evidence)
{
	AUTO(writer) signatures = writer_new(4096);

	return keyring_activate(trial.signer, label, writer_span(&trial.one.blob), &q->digests, q->nonce, evidence,
		&signatures);
}

CASE(a_challenge_is_good_once_whatever_the_clock_says)
{
	static const int64_t skews[] = {0, HOUR, -HOUR, YEAR, -YEAR, 0};
	AUTO(writer) evidence = writer_new(16384);
	struct question q;
	const struct wish wish = wish_for(span_at(q.challenge, sizeof(q.challenge)));

	(void)rig_of(state);
	ask(&q);
	authenticator_assert(&trial.one.passkey, &wish, &evidence);
	assert_ok(answer(&q, writer_span(&evidence)));
	for (size_t i = 0; i < sizeof(skews) / sizeof(skews[0]); i++) {
		*trial.skew = skews[i];
		assert_err(answer(&q, writer_span(&evidence)), ERR_USED);
	}
}

CASE(a_card_signs_within_a_minute_of_the_clock_there_is)
{
	static const int64_t skews[] = {HOUR, -HOUR};
	struct rig *r = rig_of(state);
	struct question q;

	(void)r;
	for (size_t i = 0; i < 2; i++) {
		AUTO(writer) old = writer_new(4096);
		AUTO(writer) good = writer_new(4096);

		ask(&q);
		*trial.skew = skews[i];
		person_card_evidence(trial.one.card, span_at(q.challenge, sizeof(q.challenge)), NULL, time(NULL), &old);
		assert_err(answer(&q, writer_span(&old)), ERR_EXPIRED);
		ask(&q);
		person_card_evidence(trial.one.card, span_at(q.challenge, sizeof(q.challenge)), NULL,
			time(NULL) + skews[i], &good);
		assert_ok(answer(&q, writer_span(&good)));
		*trial.skew = 0;
		assert_err(answer(&q, writer_span(&good)), ERR_USED);
	}
}

/* ---- births ---- */

CASE(a_registrars_act_of_another_hour_gives_no_birth)
{
	AUTO(writer) members = writer_new(8192);
	AUTO(writer) act = writer_new(16384);
	AUTO(writer) born = writer_new(MAX_BLOB);
	struct rig *r = rig_of(state);
	struct person p;

	person_make(trial.signer, &p);
	person_members(&p, "citizen-remote-signature", NULL, &members);
	rig_order(r->registrar, "certificate.issue", (const char *)writer_span(&members).ptr, &act);
	*trial.skew = HOUR;
	assert_err(keyring_citizen_bind(trial.signer, label, writer_span(&p.blob), writer_span(&act), &born),
		ERR_EXPIRED);
	*trial.skew = -HOUR;
	assert_err(keyring_citizen_bind(trial.signer, label, writer_span(&p.blob), writer_span(&act), &born),
		ERR_EXPIRED);
	*trial.skew = 0;
	assert_ok(keyring_citizen_bind(trial.signer, label, writer_span(&p.blob), writer_span(&act), &born));
	*trial.skew = HOUR;
	assert_int_not_equal(keyring_citizen_bind(trial.signer, label, writer_span(&p.blob), writer_span(&act), &born),
		ERR_OK);
	*trial.skew = 0;
	assert_err(keyring_citizen_bind(trial.signer, label, writer_span(&p.blob), writer_span(&act), &born), ERR_USED);
	person_free(&p);
}

/* ---- proposals ---- */

CASE(a_proposal_made_by_a_clock_that_was_ahead_is_not_open_until_then)
{
	struct rig *r = rig_of(state);
	AUTO(writer) other = writer_new(1 << 16);
	struct hsm_proposal p;
	int64_t missing;

	*trial.skew = YEAR;
	assert_ok(keyring_propose(r->keyring, "delete", "citizen-seal", SPAN(""), SPAN(""), &p));
	*trial.skew = 0;
	assert_err(asked_approve_bytes(r, 0, &p, SPAN(""), &missing, &other), ERR_EXPIRED);
	assert_err(asked_approve_bytes(r, 1, &p, SPAN(""), &missing, &other), ERR_EXPIRED);
	rig_stop(r, SIGKILL);
	daemon_start(r);
	assert_int_not_equal(asked_approve_bytes(r, 0, &p, SPAN(""), &missing, &other), ERR_OK);
	keyring_free(&trial.signer);
	trial.signer = rig_keyring(r, UID_SIGNER);
}

CASE(a_proposal_that_is_over_stays_so_when_custodians_have_only_old_approvals)
{
	struct rig *r = rig_of(state);
	AUTO(asked) a = asked_new(r);
	int64_t missing;

	assert_ok(asked_approve(r, 0, &a, &missing));
	*trial.skew = 2 * HOUR;
	assert_err(asked_approve(r, 1, &a, &missing), ERR_EXPIRED);
	*trial.skew = -2 * HOUR;
	assert_err(asked_approve(r, 1, &a, &missing), ERR_EXPIRED);
	*trial.skew = 2 * HOUR;
	rig_stop(r, SIGKILL);
	daemon_start(r);
	*trial.skew = 0;
	assert_err(asked_approve(r, 1, &a, &missing), ERR_NOT_FOUND);
	keyring_free(&trial.signer);
	trial.signer = rig_keyring(r, UID_SIGNER);
}

int
main(void)
{
#define CASE_OF(name) cmocka_unit_test_teardown(name, clock_right)
	const struct CMUnitTest tests[] = {
		CASE_OF(a_challenge_is_good_once_whatever_the_clock_says),
		CASE_OF(a_card_signs_within_a_minute_of_the_clock_there_is),
		CASE_OF(a_registrars_act_of_another_hour_gives_no_birth),
		CASE_OF(a_proposal_made_by_a_clock_that_was_ahead_is_not_open_until_then),
		CASE_OF(a_proposal_that_is_over_stays_so_when_custodians_have_only_old_approvals),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
