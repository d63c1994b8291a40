/* Activation: a citizen's key signs what the citizen has just asked for. A challenge is given, signed by passkey or card, taken back once; then the digests are signed. */
#include <stdio.h>

#include "base/encode.h"
#include "base/random.h"
#include "hsm/citizen/activation.h"
#include "hsm/citizen/challenge.h"
#include "hsm/citizen/citizens.h"
#include "hsm/token/citizen.h"

static enum err
challenge_open(struct work *w, const struct hot_key *k, const struct digests *d)
{
	struct citizens *c = w->service->citizens;
	const int64_t now = citizens_clock();
	uint8_t nonce[HSM_NONCE_LEN];
	struct sha256 challenge, name;

	random_bytes(nonce, sizeof(nonce));
	challenge = challenge_make(span_at(c->instance, sizeof(c->instance)), span_at(nonce, sizeof(nonce)),
		&k->citizen->blob, d);
	name = sha256_of(sha256_span(&challenge));
	TRY(ledger_enter(&c->challenges, &name, k->citizen->blob.id, MAX_CHALLENGES_OF_A_KEY, now,
		now + CHALLENGE_SECONDS));
	writer_bytes(&w->result, sha256_span(&challenge));
	writer_bytes(&w->result, span_at(nonce, sizeof(nonce)));
	writer_bytes(&w->result, span_at(c->instance, sizeof(c->instance))); /* so that a page can make it again */
	return writer_done(&w->result);
}

enum err
op_challenge(struct work *w)
{
	struct hot_key *k;
	struct digests d;
	enum err e;

	TRY(digests_read(w->fields.at[FIELD_DIGESTS], &d));
	TRY(citizens_open(w, &k));
	e = challenge_open(w, k, &d);
	hot_give(&w->service->citizens->hot, w->session, &k);
	return e;
}

/* ---- the signatures ---- */

struct batch {
	struct hot_key *key;
	const struct digests *digests;
	size_t done;
	struct writer *out;
};

static enum err
object_of(struct work *w, struct hot_key *k, struct nested *out)
{
	const struct citizen_key *citizen = k->citizen;
	enum err e = ERR_OK;

	(void)pthread_mutex_lock(&k->lock);
	if (!nested_lives(&k->object)) {
		atomic_fetch_add(&w->service->unwraps, 1);
		e = nest_unwrap(&w->service->citizens->nests, w->service, w->key, citizen->algorithm,
			citizen->blob.wrapped, citizen->blob.spki, &k->object);
	}
	*out = k->object;
	(void)pthread_mutex_unlock(&k->lock);
	return e;
}

static void
object_doubt(struct hot_key *k, const struct nested *used)
{
	(void)pthread_mutex_lock(&k->lock);
	if (k->object.nest == used->nest && k->object.handle == used->handle && k->object.epoch == used->epoch)
		nested_doubt(&k->object);
	(void)pthread_mutex_unlock(&k->lock);
}

/* A token that errs, or a handle that has become another key's, gets no signature past us. */
static enum err
one_sign(struct session *s, CK_OBJECT_HANDLE object, struct batch *b)
{
	AUTO(writer) der = writer_new(MAX_SIGNATURE);
	const struct span digest = digest_at(b->digests, b->done);

	TRY(token_citizen_sign(s, b->key->citizen->algorithm, object, b->key->citizen->verifier, digest, &der));
	writer_block16(b->out, writer_span(&der));
	b->done++;
	return writer_done(b->out);
}

static enum err
rest_sign(struct work *w, const struct nested *object, struct batch *b)
{
	struct breaker *breaker = &w->service->breaker;
	enum err e = ERR_OK;

	TRY(breaker_ask(breaker, clock_ticks()));
	session_goto(w->session, object->seat);
	e = session_ready(w->session);
	if (e == ERR_OK && object->era != w->session->era)
		e = err_because(ERR_UNAVAILABLE, "the HSM was begun anew meanwhile");
	while (e == ERR_OK && b->done < b->digests->count)
		e = one_sign(w->session, object->handle, b);
	breaker_tell(breaker, session_stands(w->session) && e != ERR_UNAVAILABLE, clock_ticks());
	return e;
}

/* As key_use does: what a lost session, login or object took away is had again, once, and once more on the other token. What is signed stays signed. */
static enum err
batch_sign(struct work *w, struct batch *b)
{
	struct session *s = w->session;
	struct nested object;
	enum err e = ERR_UNAVAILABLE;

	for (int attempt = 0; attempt < 3; attempt++) {
		TRY(object_of(w, b->key, &object));
		e = rest_sign(w, &object, b);
		if (e == ERR_OK)
			return ERR_OK;
		if (s->lost || e == ERR_CRYPTO)
			object_doubt(b->key, &object);
		if (!s->lost && object.era == s->era)
			return e;
		if (attempt == 1 && !token_fail_over(s->token, s->seat))
			return e;
	}
	return e;
}

static enum err
digests_sign(struct work *w, struct hot_key *k, const struct digests *d)
{
	AUTO(writer) signatures = writer_new(MAX_DIGESTS * MAX_SIGNATURE);
	struct batch b = {.key = k, .digests = d, .out = &signatures};

	TRY(batch_sign(w, &b));
	atomic_fetch_add(&w->service->signatures, d->count);
	writer_bytes(&w->result, writer_span(&signatures));
	return writer_done(&w->result);
}

/* ---- the activation ---- */

static void
detail_write(struct work *w, const struct blob *b, const struct sha256 *credential, const struct digests *d)
{
	AUTO(writer) text = writer_new(MAX_TYPE_DETAIL - 1);
	const struct sha256 hash = sha256_of(d->bytes);

	writer_text(&text, "id=");
	hex_write(&text, b->id);
	writer_text(&text, " credential=");
	hex_write(&text, sha256_span(credential));
	writer_format(&text, " count=%zu digests=", d->count);
	hex_write(&text, sha256_span(&hash));
	(void)snprintf(w->detail, sizeof(w->detail), "%s", (const char *)writer_span(&text).ptr);
}

/* The challenge is made again from what is asked now: for another key, generation, digest or count it is one that never was. */
static enum err
challenge_take(struct work *w, const struct hot_key *k, const struct digests *d, struct sha256 *out)
{
	struct citizens *c = w->service->citizens;
	struct sha256 name;
	enum err e;

	*out = challenge_make(span_at(c->instance, sizeof(c->instance)), w->fields.at[FIELD_NONCE], &k->citizen->blob,
		d);
	name = sha256_of(sha256_span(out));
	e = ledger_take(&c->challenges, &name, citizens_clock());
	REQUIRE_WHY(e != ERR_EXPIRED, e, "that challenge is older than %d minutes: ask for another",
		CHALLENGE_SECONDS / 60);
	REQUIRE_WHY(e == ERR_OK, e,
		"that challenge was used, had to go for newer ones, is another instance's, or was never given for this key and these digests");
	return ERR_OK;
}

static enum err
activate(struct work *w, struct hot_key *k, const struct digests *d)
{
	struct sha256 challenge, credential;
	const struct activation_question q = {.key = k->citizen,
		.rule = &w->key->rule->activation,
		.challenge = sha256_span(&challenge),
		.now = w->request->arrived};

	TRY(challenge_take(w, k, d, &challenge));
	TRY(activation_check(&q, w->fields.at[FIELD_EVIDENCE], &credential));
	detail_write(w, &k->citizen->blob, &credential, d);
	return digests_sign(w, k, d);
}

enum err
op_activate(struct work *w)
{
	struct hot_key *k;
	struct digests d;
	enum err e;

	TRY(digests_read(w->fields.at[FIELD_DIGESTS], &d));
	TRY(citizens_open(w, &k));
	e = activate(w, k, &d);
	if (e == ERR_OK) /* asked again: once a RETIRE is answered, nothing leaves that was begun before it */
		e = citizens_allow(w->service->citizens, &k->citizen->blob);
	hot_give(&w->service->citizens->hot, w->session, &k);
	return e;
}
