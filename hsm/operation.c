#include "hsm/operation.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "hsm/citizen/citizens.h"
#include "hsm/evidence/metrics.h"
#include "hsm/policy/permit.h"
#include "hsm/quorum/quorum.h"
#include "hsm/signing.h"
#include "hsm/tell.h"
#include "hsm/work.h"
#include "json/json.h"

enum { MAX_RANDOM = 1024, MAX_MAC_INPUT = 4096 };

static enum err
op_status(struct work *w)
{
	return tell_status(w->service, &w->result);
}

static enum err
op_metrics(struct work *w)
{
	return metrics_write(w->service, &w->result);
}

static enum err
op_list(struct work *w)
{
	return tell_keys(w->service, w->request->uid, &w->result);
}

static enum err
op_pubkey(struct work *w)
{
	REQUIRE_WHY(w->key->algorithm->kind == ALGORITHM_SIGN, ERR_NOT_FOUND, "key '%s' has no public half",
		w->key->rule->label);
	REQUIRE_WHY(atomic_load(&w->key->present), ERR_NOT_FOUND, "key '%s' is not made yet: hold the ceremony",
		w->key->rule->label);
	writer_bytes(&w->result, writer_span(&w->key->found.spki));
	return ERR_OK;
}

static enum err
op_generate(struct work *w)
{
	REQUIRE_WHY(!quorum_generates(w->key->rule), ERR_REFUSED,
		"key '%s' is made with custodians' approval only: PROPOSE it", w->key->rule->label);
	return quorum_key_make(w->service, w->session, w->key, w->request->uid, w->request->arrived, &w->result);
}

static enum err
op_sign(struct work *w)
{
	const struct signing s = {.service = w->service,
		.session = w->session,
		.key = w->key,
		.object = w->fields.at[FIELD_OBJECT],
		.evidence = w->fields.at[FIELD_EVIDENCE],
		.uid = w->request->uid,
		.arrived = w->request->arrived,
		.detail = w->detail};

	TRY(signing_do(&s, &w->result));
	atomic_fetch_add(&w->service->signatures, 1);
	return ERR_OK;
}

static enum err
act_mac(struct session *s, const struct key *k, CK_OBJECT_HANDLE handle, void *context)
{
	struct work *w = context;
	uint8_t tag[32];

	TRY(token_mac(s, &k->found, handle, w->fields.at[FIELD_OBJECT], tag));
	writer_reset(&w->result);
	writer_bytes(&w->result, span_at(tag, sizeof(tag)));
	return writer_done(&w->result);
}

static enum err
op_mac(struct work *w)
{
	REQUIRE_WHY(w->fields.at[FIELD_OBJECT].len <= MAX_MAC_INPUT, ERR_TOO_LONG, "a MAC input of more than %d bytes",
		MAX_MAC_INPUT);
	TRY(rate_take(&w->key->rate, clock_ticks()));
	return key_use(w->session, w->key, &w->service->breaker, act_mac, w);
}

static enum err
act_wrap(struct session *s, const struct key *k, CK_OBJECT_HANDLE handle, void *context)
{
	struct work *w = context;

	(void)k;
	writer_reset(&w->result);
	secret_free(&w->secret);
	return token_wrap(s, handle, &w->result, &w->secret);
}

static enum err
op_wrap(struct work *w)
{
	if (w->key->algorithm->kind == ALGORITHM_MASTER)
		return op_citizen_wrap(w);
	REQUIRE_WHY(!(w->fields.present & (FIELD_BIT(OBJECT) | FIELD_BIT(EVIDENCE))), ERR_MALFORMED,
		"WRAP of a data key has a field too many");
	return key_use(w->session, w->key, &w->service->breaker, act_wrap, w);
}

static enum err
act_unwrap(struct session *s, const struct key *k, CK_OBJECT_HANDLE handle, void *context)
{
	struct work *w = context;

	(void)k;
	secret_free(&w->secret);
	return token_unwrap(s, handle, w->fields.at[FIELD_OBJECT], &w->secret);
}

static enum err
op_unwrap(struct work *w)
{
	atomic_fetch_add(&w->service->unwraps, 1);
	return key_use(w->session, w->key, &w->service->breaker, act_unwrap, w);
}

static enum err
random_read(struct work *w)
{
	TRY(session_ready(w->session));
	return token_random(w->session, secret_bytes(w->secret), secret_span(w->secret).len);
}

static enum err
op_random(struct work *w)
{
	const struct span count = w->fields.at[FIELD_COUNT];
	const size_t len = (size_t)(count.ptr[0] << 8 | count.ptr[1]);
	enum err e;

	REQUIRE_WHY(len > 0 && len <= MAX_RANDOM, ERR_TOO_LONG, "RANDOM gives 1 to %d bytes", MAX_RANDOM);
	TRY(secret_new(len, &w->secret));
	TRY(breaker_ask(&w->service->breaker, clock_ticks()));
	e = random_read(w);
	if (e == ERR_UNAVAILABLE)
		e = random_read(w);
	if (e == ERR_UNAVAILABLE && token_fail_over(w->session->token, w->session->seat))
		e = random_read(w);
	breaker_tell(&w->service->breaker, e == ERR_OK, clock_ticks());
	return e;
}

static operation *const operations[] = {
	[OP_STATUS] = op_status,
	[OP_LIST] = op_list,
	[OP_PUBKEY] = op_pubkey,
	[OP_GENERATE] = op_generate,
	[OP_SIGN] = op_sign,
	[OP_MAC] = op_mac,
	[OP_WRAP] = op_wrap,
	[OP_UNWRAP] = op_unwrap,
	[OP_RANDOM] = op_random,
	[OP_CHALLENGE] = op_challenge,
	[OP_ACTIVATE] = op_activate,
	[OP_RETIRE] = op_retire,
	[OP_PROPOSE] = op_propose,
	[OP_APPROVE] = op_approve,
	[OP_METRICS] = op_metrics,
};

static bool
serves_restoring(uint8_t op)
{
	return op == OP_STATUS || op == OP_LIST || op == OP_PROPOSE || op == OP_APPROVE;
}

/* A stranger learns nothing about which keys there are: the permit comes before the look-up where it can. */
static enum err
run(struct work *w)
{
	const struct request *r = w->request;
	const struct policy *p = &w->service->policy;
	const struct span label = w->fields.at[FIELD_LABEL];

	REQUIRE_WHY(policy_callers(p, r->uid) != 0, ERR_REFUSED, "user %ld is no caller in keys.json", (long)r->uid);
	if (w->fields.present & FIELD_BIT(LABEL)) {
		w->key = keys_find(&w->service->keys, label);
		REQUIRE_WHY(w->key != NULL, ERR_NOT_FOUND, "there is no key '%.*s' on this token", (int)label.len,
			(const char *)label.ptr);
	}
	REQUIRE_WHY(!w->service->restore.needed || serves_restoring(r->op), ERR_UNAVAILABLE,
		"journal and token do not fit: mohar-hsmd waits until custodians approve a restore");
	TRY(permit_check(p, r->uid, r->op, w->key == NULL ? NULL : w->key->rule));
	REQUIRE_WHY(r->op < sizeof(operations) / sizeof(operations[0]) && operations[r->op] != NULL, ERR_UNSUPPORTED,
		"%s is not served here", op_name(r->op));
	return operations[r->op](w);
}

/* The operations that use no key: they leave no record. */
static bool
is_recorded(uint8_t op)
{
	switch (op) {
	case OP_STATUS:
	case OP_LIST:
	case OP_PUBKEY:
	case OP_RANDOM:
	case OP_METRICS:
		return false;
	default:
		return true;
	}
}

/* What was done, or why not, before anybody is told. A MAC's input is not hashed: it may be a national number, of which there are few enough to try them all. */
static enum err
record(const struct work *w, enum err outcome, const char *why)
{
	const struct span object = w->fields.at[FIELD_OBJECT];
	const bool has_object = object.len > 0 && w->request->op != OP_MAC;
	const struct sha256 hash = has_object ? sha256_of(object) : (struct sha256){0};
	const struct record r = {.op = op_name(w->request->op),
		.key = w->key == NULL ? NULL : w->key->rule->label,
		.uid = w->request->uid,
		.object = has_object ? &hash : NULL,
		.detail = outcome == ERR_OK ? w->detail : why,
		.outcome = outcome};

	return is_recorded(w->request->op) ? record_write(&w->service->records, &r) : ERR_OK;
}

static void
count(const struct work *w, enum err outcome, int64_t began)
{
	const struct keys *keys = &w->service->keys;
	const size_t row = w->key == NULL ? keys->count : (size_t)(w->key - keys->rows);
	const int64_t spent[COUNT_TIMES] = {[COUNT_QUEUE] = began - w->request->arrived_ticks,
		[COUNT_MODULE] = w->session->spent,
		[COUNT_TOTAL] = clock_ticks() - w->request->arrived_ticks};

	count_add(counts_of(w->service->counts, row, w->request->op), outcome, spent);
}

/* The boundary: logged once here. */
static void
refused(struct work *w, enum err e, const char *why, struct writer *reply)
{
	char context[128];

	(void)snprintf(context, sizeof(context), "op=%s key=%s uid=%ld", op_name(w->request->op),
		w->key == NULL ? "-" : w->key->rule->label, (long)w->request->uid);
	err_remember("%s", why);
	if (hush_may(&w->service->hush, "operation", (long)w->request->uid, clock_ticks()))
		log_refusal("operation", e, context);
	if (e == ERR_REFUSED)
		atomic_fetch_add(&w->service->refusals, 1);
	writer_reset(reply);
	operation_refuse(e, why, reply);
}

void
operation_refuse(enum err e, const char *why, struct writer *reply)
{
	const uint8_t code = code_of(e);

	field_write(reply, FIELD_CODE, span_at(&code, 1));
	field_write(reply, FIELD_REASON, span_of(why[0] == '\0' ? err_text(e) : why));
}

static enum err
answer(struct work *w, struct writer *reply)
{
	const uint8_t ok = code_of(ERR_OK);

	TRY(run(w));
	field_write(reply, FIELD_CODE, span_at(&ok, 1));
	if (w->result.len > 0)
		field_write(reply, FIELD_RESULT, writer_span(&w->result));
	if (w->secret != NULL)
		field_write(reply, FIELD_SECRET, secret_span(w->secret));
	return writer_done(reply);
}

void
operation_run(struct service *s, struct session *session, const struct request *r, struct writer *reply)
{
	struct work w = {.service = s, .session = session, .request = r, .result = writer_new(MAX_HSM_OBJECT)};
	const int64_t began = clock_ticks();
	enum err e = request_read(r->op, r->body, &w.fields), recorded = ERR_OK;
	char why[256];

	session->spent = 0;
	if (e == ERR_OK) {
		e = answer(&w, reply);
		(void)snprintf(why, sizeof(why), "%s", e == ERR_OK ? "" : err_why());
		recorded = record(&w, e, why);
	} else {
		(void)snprintf(why, sizeof(why), "%s", err_why());
	}
	if (recorded != ERR_OK) { /* nothing is released that is not recorded */
		(void)snprintf(why, sizeof(why), "%s", err_why());
		e = recorded;
	}
	count(&w, e, began);
	if (e != ERR_OK)
		refused(&w, e, why, reply);
	err_forget();
	secret_free(&w.secret);
	writer_free(&w.result);
}
