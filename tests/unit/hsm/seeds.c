#include "seeds.h"

#include "base/encode.h"
#include "keyring/frame.h"
#include "x509/own.h"

static struct writer *
seed_new(struct seeds *s, uint8_t op)
{
	struct seed *new = &s->all[s->count++];

	assert_in_range(s->count, 1, MAX_SEEDS);
	new->op = op;
	new->body = writer_new(MAX_SEED);
	return &new->body;
}

static struct writer *
seed_of(struct seeds *s, uint8_t op, const char *label)
{
	struct writer *w = seed_new(s, op);

	field_write(w, FIELD_LABEL, span_of(label));
	return w;
}

static void
seed_signing(struct seeds *s, const char *label, struct span object, struct span evidence)
{
	struct writer *w = seed_of(s, OP_SIGN, label);

	field_write(w, FIELD_OBJECT, object);
	if (evidence.len > 0)
		field_write(w, FIELD_EVIDENCE, evidence);
}

static void
seeds_signing(struct seeds *s, struct rig *r)
{
	AUTO(writer) tbs = writer_new(1 << 16);
	AUTO(writer) act = writer_new(8192);
	OWN(EVP_PKEY) key = EVP_EC_gen("P-256");

	asked_object(r, &tbs);
	rig_evidence(r, key, "citizen-authentication", "Test Citizen One", &act);
	seed_signing(s, "root-ca", writer_span(&tbs), SPAN(""));
	seed_signing(s, "citizen-ca", writer_span(&tbs), writer_span(&act));
	seed_signing(s, "citizen-ocsp", SPAN("\x30\x03\x02\x01\x00"), SPAN(""));
	seed_signing(s, "idp-token", SPAN("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjF9"), SPAN(""));
	seed_signing(s, "seal-land", SPAN("eyJhbGciOiJFUzI1NiJ9.eyJhZ2VuY3kiOiJsYW5kIn0"), SPAN(""));
	seed_signing(s, "log", SPAN("mohar.example/log\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), SPAN(""));
}

static void
digests_put(struct writer *w, const struct digests *d)
{
	AUTO(writer) value = writer_new(8192);

	writer_u8(&value, (uint8_t)d->each);
	writer_bytes(&value, d->bytes);
	field_write(w, FIELD_DIGESTS, writer_span(&value));
}

/* An activation that was good once, a birth that was, and a blob that may be retired. */
static void
seeds_citizen(struct seeds *s, struct keyring *signer, const struct person *one, const struct person *two)
{
	static const char label[] = "citizen-keys";
	const struct digests d = digests_some(32, 3);
	AUTO(writer) evidence = writer_new(16384);
	AUTO(writer) signatures = writer_new(4096);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];
	const struct wish wish = wish_for(span_at(challenge, sizeof(challenge)));
	struct writer *w;

	assert_ok(keyring_challenge(signer, label, writer_span(&one->blob), &d, challenge, nonce));
	authenticator_assert(&one->passkey, &wish, &evidence);
	assert_ok(keyring_activate(signer, label, writer_span(&one->blob), &d, nonce, writer_span(&evidence),
		&signatures));
	w = seed_of(s, OP_CHALLENGE, label);
	field_write(w, FIELD_OBJECT, writer_span(&one->blob));
	digests_put(w, &d);
	w = seed_of(s, OP_ACTIVATE, label);
	field_write(w, FIELD_OBJECT, writer_span(&one->blob));
	field_write(w, FIELD_EVIDENCE, writer_span(&evidence));
	digests_put(w, &d);
	field_write(w, FIELD_NONCE, span_at(nonce, sizeof(nonce)));
	w = seed_of(s, OP_RETIRE, label);
	field_write(w, FIELD_OBJECT, writer_span(&two->blob));
	(void)seed_of(s, OP_WRAP, label);
	w = seed_of(s, OP_WRAP, label);
	field_write(w, FIELD_OBJECT, writer_span(&one->blob));
	field_write(w, FIELD_EVIDENCE, SPAN("eyJhbGciOiJFUzI1NiIsInR5cCI6ImFjdCtqd3QifQ.e30.AAAA"));
}

static void
seeds_quorum(struct seeds *s, struct rig *r)
{
	AUTO(writer) act = writer_new(8192);
	AUTO(writer) keys = writer_new(1 << 20);
	struct writer *w;

	s->asked = asked_new(r);
	rig_approval(r, 0, &s->asked.p, writer_span(&s->asked.object), &act);
	w = seed_new(s, OP_APPROVE);
	field_write(w, FIELD_OBJECT, writer_span(&s->asked.object));
	field_write(w, FIELD_EVIDENCE, writer_span(&act));
	field_write(w, FIELD_NONCE, span_at(s->asked.p.id, HSM_NONCE_LEN));
	w = seed_of(s, OP_PROPOSE, "root-ca");
	field_write(w, FIELD_OBJECT, writer_span(&s->asked.object));
	field_write(w, FIELD_KIND, SPAN("sign"));
	rig_keys_read(r, &keys);
	w = seed_new(s, OP_PROPOSE);
	field_write(w, FIELD_OBJECT, writer_span(&keys));
	field_write(w, FIELD_KIND, SPAN("policy"));
	w = seed_of(s, OP_PROPOSE, "status");
	field_write(w, FIELD_OBJECT, SPAN(""));
	field_write(w, FIELD_KIND, SPAN("delete"));
}

void
seeds_make(struct seeds *s, struct rig *r, struct keyring *signer, struct keyring *idp, const struct person *one,
	const struct person *two)
{
	AUTO(writer) blob = writer_new(4096);
	struct secret *key = NULL;
	struct writer *w;

	(void)seed_new(s, OP_STATUS);
	(void)seed_new(s, OP_LIST);
	(void)seed_new(s, OP_METRICS);
	(void)seed_of(s, OP_PUBKEY, "idp-token");
	(void)seed_of(s, OP_GENERATE, "log");
	w = seed_new(s, OP_RANDOM);
	field_write(w, FIELD_COUNT, SPAN("\x00\x20"));
	w = seed_of(s, OP_MAC, "number-index");
	field_write(w, FIELD_OBJECT, SPAN("00000000000"));
	(void)seed_of(s, OP_WRAP, "number-wrap");
	assert_ok(keyring_wrap(idp, "number-wrap", &blob, &key));
	secret_free(&key);
	w = seed_of(s, OP_UNWRAP, "number-wrap");
	field_write(w, FIELD_OBJECT, writer_span(&blob));
	seeds_signing(s, r);
	seeds_citizen(s, signer, one, two);
	seeds_quorum(s, r);
}

void
seeds_free(struct seeds *s)
{
	for (size_t i = 0; i < s->count; i++)
		writer_free(&s->all[i].body);
	asked_free(&s->asked);
}
