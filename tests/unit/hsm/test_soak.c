/* Load without end: the HSM's library is begun anew again and again, nobody's request is lost, and memory does not grow. `make soak` runs it for TIME seconds with 32
 * clients (MOHAR_SOAK); the tests run it for some seconds with 8. */
#include "load.h"

#include <time.h>

#include "base/clock.h"

enum { SECONDS = 12, CLIENTS = 8, SOAK_CLIENTS = 32, REPORT = 10 };

/* What may differ between two moments of the same load: stacks touched, buffers of large requests under way, one round of SoftHSM's leak at recycle_after. It is not a share of the
 * unwraps: 240 bytes each would be 24 MiB after 100,000. */
enum { TOLERANCE_KIB = 6144, EVERY = 2000 };

static long
seconds(void)
{
	const char *text = getenv("MOHAR_SOAK");

	return text == NULL ? SECONDS : atol(text);
}

static int
set_up(void **state)
{
	char every[16];
	struct rig *r = rig_new();

	*state = r;
	if (r == NULL)
		return 0;
	(void)snprintf(every, sizeof(every), "%d", getenv("MOHAR_SOAK") == NULL ? 500 : EVERY);
	rig_set(r, "recycle_after", every);
	rig_set(r, "deadline_ms", "10000");
	rig_up(r, NULL);
	rig_generate(r, "idp-token");
	rig_generate(r, "number-wrap");
	rig_generate(r, "citizen-keys");
	rig_generate(r, "citizen-seal");
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

/* One line every ten seconds; returns the most memory since the first library's end. */
static long
watch(struct rig *r, const struct load *l, long *first)
{
	const int64_t began = clock_ticks();
	const struct timespec pause = {0, 250000000};
	int64_t told = began;
	unsigned long before = 0;
	long now = 0;

	while (clock_ticks() - began < seconds() * 1000000) {
		(void)nanosleep(&pause, NULL);
		now = rig_resident(r);
		if (*first == 0 && rig_number(r, "recycles") > 1)
			*first = now;
		if (clock_ticks() - told >= REPORT * 1000000) {
			const struct load_sum s = load_sum(l);

			print_message(
				"%4lld s: %lu operations/s, %lu refused, %ld KiB resident, library begun anew %lu times\n",
				(long long)(clock_ticks() - began) / 1000000, (s.done - before) / REPORT, s.refused,
				now, rig_number(r, "recycles"));
			before = s.done;
			told = clock_ticks();
		}
	}
	return now;
}

CASE(a_library_begun_anew_costs_no_request_no_challenge_and_no_memory)
{
	struct rig *r = rig_of(state);
	AUTO(writer) evidence = writer_new(16384);
	AUTO(writer) signatures = writer_new(1 << 16);
	const struct digests d = digests_some(32, 2);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];
	struct wish w = wish_for(span_at(challenge, sizeof(challenge)));
	struct keyring *signer = rig_keyring(r, UID_SIGNER);
	const pid_t worker = rig_worker(r);
	struct person one;
	struct load l;
	struct load_sum sum;
	long first = 0, last;

	person_birth(r, signer, &one);
	assert_ok(keyring_challenge(signer, "citizen-keys", writer_span(&one.blob), &d, challenge, nonce));
	load_start(&l, r, getenv("MOHAR_SOAK") == NULL ? CLIENTS : SOAK_CLIENTS);
	last = watch(r, &l, &first);
	if (seconds() < 250) { /* a challenge lasts five minutes */
		authenticator_assert(&one.passkey, &w, &evidence);
		assert_ok(keyring_activate(signer, "citizen-keys", writer_span(&one.blob), &d, nonce,
			writer_span(&evidence), &signatures));
		assert_true(person_signed(&one, &d, writer_span(&signatures)));
	}
	load_stop(&l);
	sum = load_sum(&l);
	load_tell(&l);
	print_message(
		"%lu operations, %lu unwraps, library begun anew %lu times, %ld KiB after the first time, %ld at the end\n",
		sum.done, rig_number(r, "unwraps"), rig_number(r, "recycles"), first, last);
	assert_int_equal(sum.wrong, 0);
	assert_int_equal(sum.refused, 0);
	assert_true(sum.done > 0);
	assert_int_equal(rig_worker(r), worker);
	assert_in_range(rig_number(r, "recycles"), 2, 1000000);
	assert_true(getenv("MOHAR_SANITIZE") != NULL && getenv("MOHAR_SANITIZE")[0] != '\0'
			? true
			: last <= first + TOLERANCE_KIB);
	assert_int_equal(load_unrecorded(&l), 0);
	load_free(&l);
	person_free(&one);
	keyring_free(&signer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_begun_anew_costs_no_request_no_challenge_and_no_memory),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
