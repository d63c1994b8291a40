/* activate: remote signatures at a mohar-hsmd of its own: ACTIVATE with one digest and with many, by citizens' keys that are unwrapped already and by such that are
 * not, beside SIGN by a key of the token, from so many threads, turn by turn. What the citizen's device does is done before the clock starts. Prints a
 * line for each kind: its name and signatures/s of each turn.
 *
 *   activate ROUNDS [THREADS] */
#include "tests/unit/hsm/person.h"

#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "keyring/keyring.h"
#include "tests/bench/object.h"

enum {
	PERSONS = 48,
	EACH = 16, /* challenges that may be open for one key */
	MANY = 20, /* documents at once */
	MAX_THREADS = 8,
	MAX_ROUNDS = 20,
	PLAIN = 2000,
};

struct activation {
	const struct person *person;
	struct hsm_challenge challenge;
	struct writer evidence;
};

/* One thread, with a connection of its own for each user. */
struct hand {
	struct keyring *signer, *idp;
	pthread_t thread;
	void (*act)(struct hand *h, size_t i);
	size_t first, step, count;
};

static struct bench {
	struct rig *rig;
	struct person persons[PERSONS];
	struct activation activations[PERSONS * EACH];
	struct digests digests;
	struct writer object;
	struct hand hands[MAX_THREADS];
	size_t threads;
} bench;

static void
plain(struct hand *h, size_t i)
{
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);

	(void)i;
	assert_ok(keyring_sign(h->idp, "idp-token", writer_span(&bench.object), SPAN(""), &signature));
}

static void
challenge(struct hand *h, size_t i)
{
	struct activation *a = &bench.activations[i];

	a->person = &bench.persons[i % PERSONS];
	assert_ok(keyring_challenge_whole(h->signer, "citizen-keys", writer_span(&a->person->blob), &bench.digests,
		&a->challenge));
}

static void
activate(struct hand *h, size_t i)
{
	const struct activation *a = &bench.activations[i];
	AUTO(writer) signatures = writer_new(MAX_DIGESTS * MAX_SIGNATURE);

	assert_ok(keyring_activate(h->signer, "citizen-keys", writer_span(&a->person->blob), &bench.digests,
		a->challenge.nonce, writer_span(&a->evidence), &signatures));
}

static void *
hand_main(void *argument)
{
	struct hand *h = argument;

	for (size_t i = h->first; i < h->count; i += h->step)
		h->act(h, i);
	return NULL;
}

/* The seconds it takes all hands to do what is to be done so many times. */
static double
timed(void (*act)(struct hand *h, size_t i), size_t count)
{
	const int64_t began = clock_ticks();

	for (size_t i = 0; i < bench.threads; i++) {
		struct hand *h = &bench.hands[i];

		h->act = act;
		h->first = i;
		h->step = bench.threads;
		h->count = count;
		assert_int_equal(pthread_create(&h->thread, NULL, hand_main, h), 0);
	}
	for (size_t i = 0; i < bench.threads; i++)
		assert_int_equal(pthread_join(bench.hands[i].thread, NULL), 0);
	return (double)(clock_ticks() - began) / 1e6;
}

static double
plain_rate(void)
{
	AUTO(writer) spki = writer_new(1024);
	const uint8_t *at;
	EVP_PKEY *key;

	assert_ok(keyring_pubkey(bench.hands[0].idp, "idp-token", &spki));
	at = spki.ptr;
	key = d2i_PUBKEY(NULL, &at, (long)spki.len);
	writer_reset(&bench.object);
	object_write(key, &bench.object);
	EVP_PKEY_free(key);
	return PLAIN / timed(plain, PLAIN);
}

/* whole: the challenges count too. */
static double
remote_rate(size_t count, size_t documents, bool whole)
{
	double seconds;

	bench.digests = digests_some(32, documents);
	seconds = timed(challenge, count);
	if (!whole)
		seconds = 0;
	for (size_t i = 0; i < count; i++) {
		struct activation *a = &bench.activations[i];
		const struct wish wish = wish_for(span_at(a->challenge.challenge, sizeof(a->challenge.challenge)));

		writer_reset(&a->evidence);
		authenticator_assert(&a->person->passkey, &wish, &a->evidence);
	}
	return (double)(count * documents) / (seconds + timed(activate, count));
}

static void
hands_open(void)
{
	for (size_t i = 0; i < bench.threads; i++) {
		bench.hands[i].signer = rig_keyring(bench.rig, UID_SIGNER);
		bench.hands[i].idp = rig_keyring(bench.rig, UID_IDP);
	}
}

static void
hands_close(void)
{
	for (size_t i = 0; i < bench.threads; i++) {
		keyring_free(&bench.hands[i].signer);
		keyring_free(&bench.hands[i].idp);
	}
}

/* A daemon that keeps so many keys unwrapped. */
static void
restart(const char *hot_keys)
{
	hands_close();
	rig_stop(bench.rig, SIGTERM);
	rig_set(bench.rig, "hot_keys", hot_keys);
	rig_start(bench.rig);
	hands_open();
}

enum { KIND_PLAIN, KIND_HOT, KIND_WHOLE, KIND_MANY, KIND_COLD_PLAIN, KIND_COLD, KINDS };
static const char *const names[KINDS] = {"plain", "hot", "whole", "many", "plain-beside-cold", "cold"};

static double
turn(int kind)
{
	switch (kind) {
	case KIND_HOT:
		return remote_rate(PERSONS * EACH, 1, false);
	case KIND_WHOLE:
		return remote_rate(PERSONS * EACH, 1, true);
	case KIND_MANY:
		return remote_rate(PERSONS * 2, MANY, false);
	case KIND_COLD:
		return remote_rate(PERSONS * EACH, 1, false);
	default:
		return plain_rate();
	}
}

/* Round -1 is not counted: keys are unwrapped in it. */
static void
turns(int from, int to, int rounds, double got[KINDS][MAX_ROUNDS])
{
	for (int round = -1; round < rounds; round++)
		for (int kind = from; kind <= to; kind++) {
			const double rate = turn(kind);

			if (round >= 0)
				got[kind][round] = rate;
		}
}

int
main(int argc, char **argv)
{
	static double got[KINDS][MAX_ROUNDS];
	const int rounds = argc > 1 ? atoi(argv[1]) : 5;

	bench.threads = argc > 2 ? (size_t)atoi(argv[2]) : 4;
	bench.rig = rig_new();
	bench.object = writer_new(4096);
	if (bench.rig == NULL || rounds < 1 || rounds > MAX_ROUNDS || bench.threads < 1 || bench.threads > MAX_THREADS)
		return 2;
	rig_up(bench.rig, NULL);
	rig_generate(bench.rig, "idp-token");
	rig_generate(bench.rig, "citizen-keys");
	rig_generate(bench.rig, "citizen-seal");
	hands_open();
	for (size_t i = 0; i < PERSONS; i++)
		person_birth(bench.rig, bench.hands[0].signer, &bench.persons[i]);
	for (size_t i = 0; i < PERSONS * EACH; i++)
		bench.activations[i].evidence = writer_new(16384);
	turns(KIND_PLAIN, KIND_MANY, rounds, got);
	restart("1");
	turns(KIND_COLD_PLAIN, KIND_COLD, rounds, got);
	for (int kind = 0; kind < KINDS; kind++) {
		printf("%s", names[kind]);
		for (int i = 0; i < rounds; i++)
			printf(" %.0f", got[kind][i]);
		printf("\n");
	}
	hands_close();
	rig_free(&bench.rig);
	return 0;
}
