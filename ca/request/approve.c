#include <stddef.h>
#include <string.h>

#include "base/encode.h"
#include "ca/issue/issue.h"
#include "ca/issue/order.h"
#include "ca/request/acting.h"
#include "ca/request/event.h"
#include "ca/request/registry.h"
#include "ca/request/request.h"
#include "keyring/blob.h"
#include "x509/issue_digest.h"
#include "x509/own.h"

enum { MAX_PRINCIPAL = 4 << 10, MAX_PARTS_JSON = 64 << 10 };

/* ---- what was asked for, as it is issued ---- */

struct parts {
	struct json_list subject, names;
};

/* In the form of an order, by the same table that read the order when it was asked for. The key's bytes are borrowed from the row. */
static enum err
order_of(const struct request_row *r, struct issue_order *out)
{
	AUTO(writer) json = writer_new(MAX_PARTS_JSON);
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct json_writer j = json_to(&json);

	json_object(&j, NULL);
	json_text(&j, "profile", r->profile);
	if (r->has_person) {
		uuid_write(&id, &r->person);
		json_span(&j, "person", writer_span(&id));
	}
	json_raw(&j, "subject", span_of(r->subject));
	json_raw(&j, "names", span_of(r->names));
	json_bytes64(&j, "spki_sha256", span_at(r->spki_sha256.ptr, r->spki_sha256.len));
	if (r->csr.len > 0)
		json_bytes64(&j, "csr", span_at(r->csr.ptr, r->csr.len));
	if (r->blob.len > 0)
		json_bytes64(&j, "blob", span_at(r->blob.ptr, r->blob.len));
	json_object_end(&j);
	TRY(writer_done(&json));
	return json_decode(writer_span(&json), &issue_order_table, out);
}

static enum err
digest_of(const struct issue_order *order, struct sha256 *out)
{
	const struct issue_facts facts = {
		.profile = order->profile,
		.person = order->person,
		.subject = order->subject.items,
		.subject_count = order->subject.count,
		.names = order->names.items,
		.names_count = order->names.count,
		.spki_sha256 = span_at(order->spki_sha256.ptr, order->spki_sha256.len),
	};

	return issue_digest(&facts, out);
}

/* ---- one approval ---- */

struct approving {
	struct cad *c;
	struct request_row *r;
	const struct approval *a;
	const struct profile *profile;
	struct issue_order order;
	struct event *logged;
	size_t done; /* approvals before this one */
	unix_time now;
};

static enum err
decide(struct approving *g)
{
	const struct db_param params[] = {db_uuid(&g->r->id)};
	struct sha256 digest;
	struct json_list list;

	TRY(db_pool_all(g->c->registration->db, REQ_APPROVALS, params, &list));
	g->done = list.count;
	enum err e = approval_decide(g->r, &g->a->who, g->a->issue_sha256, list.items, list.count, g->now);

	db_rows_free(&request_statements[REQ_APPROVALS], &list);
	TRY(e);
	TRY(digest_of(&g->order, &digest));
	REQUIRE_WHY(span_equal(sha256_span(&digest), span_at(g->r->issue_sha256.ptr, g->r->issue_sha256.len)),
		ERR_CORRUPT, "the stored request is not what was asked for");
	return registry_check(g->c, g->profile, g->a->registry, g->r->has_person ? &g->r->person : NULL,
		g->order.subject.items, g->order.subject.count);
}

static enum err
record_approval(struct approving *g, struct db *db)
{
	AUTO(writer) principal = writer_new(MAX_PRINCIPAL);
	struct event event = {0};

	request_principal(g->r, &principal);
	TRY(request_event(g->r, &g->a->who, "request.approved", NULL, g->now, &event));
	const struct db_param params[] = {
		db_uuid(&g->r->id),
		db_text(g->a->who.name),
		db_bytes(g->a->who.key_sha256),
		db_bytes(g->a->issue_sha256),
		db_text(g->a->act),
		db_time(g->now),
		db_text_span(writer_span(&principal)),
		db_text(g->a->channel),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_run(db, REQ_APPROVE, params, NULL);

	event_free(&event);
	return e == ERR_EXISTS ? err_because(ERR_USED, "'%s' has approved this request already", g->a->who.name) : e;
}

/* An approval that was cut off after its certificate was recorded, and before the request was: the certificate is the one. */
static enum err
find_made(struct approving *g, struct db *db, X509 **out)
{
	const struct request_row *r = g->r;
	const struct db_param params[] = {db_bytes(span_at(r->spki_sha256.ptr, r->spki_sha256.len)),
		db_text(r->profile), db_time(r->created_at), db_uuid(r->has_person ? &r->person : NULL),
		db_text(r->title)};
	struct made_row made;
	const enum err e = db_one(db, REQ_MADE, params, &made);

	*out = NULL;
	if (e == ERR_NOT_FOUND) {
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	const enum err parsed = certificate_parse(span_at(made.der.ptr, made.der.len), out);

	db_row_free(&request_statements[REQ_MADE], &made);
	return parsed;
}

static enum err
make(struct approving *g, X509 **out)
{
	AUTO(writer) evidence = writer_new(MAX_ACT + 2 * MAX_BLOB);
	struct request_facts facts;
	struct uuid person;
	bool has_person = false;

	TRY(issue_evidence(g->profile, &g->order, span_of(g->a->act), &evidence));
	TRY(issue_key_of(&g->order, &facts));
	enum err e = issue_decide(g->profile, &g->order, &facts, &has_person, &person);

	if (e == ERR_OK) {
		const struct issuance issuance = {
			.profile = g->profile,
			.spki = span_at(facts.spki.ptr, facts.spki.len),
			.subject = g->order.subject.items,
			.subject_count = g->order.subject.count,
			.names = g->order.names.items,
			.names_count = g->order.names.count,
			.person = has_person ? &person : NULL,
			.actor = g->a->who.name,
			.principal = has_person ? NULL : g->r->applicant,
			.channel = "queue",
			.csr = span_at(g->order.csr.ptr, g->order.csr.len),
			.logged = g->logged,
			.evidence = writer_span(&evidence),
		};

		e = certificate_issue(g->c, &issuance, out);
	}
	csr_free(&facts);
	return e;
}

static enum err
end(struct db *db, const struct request_row *r, const struct person_acting *who, const char *state, const char *reason,
	struct span serial, const char *channel, unix_time now)
{
	AUTO(writer) principal = writer_new(MAX_PRINCIPAL);
	AUTO(writer) type = writer_new(MAX_PLACE);
	struct event event = {0};
	size_t affected = 0;

	writer_format(&type, "request.%s", state);
	request_principal(r, &principal);
	TRY(request_event(r, who, (const char *)writer_span(&type).ptr, reason, now, &event));
	const struct db_param params[] = {
		db_uuid(&r->id),
		db_text(state),
		db_time(now),
		db_text(who->name),
		db_text(reason),
		db_bytes(serial),
		db_text_span(writer_span(&principal)),
		db_text(channel),
		db_text_span(writer_span(&type)),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_run(db, REQ_END, params, &affected);

	event_free(&event);
	TRY(e);
	REQUIRE_WHY(affected == 1, ERR_EXISTS, "the request is not waiting any more");
	return ERR_OK;
}

static enum err
issue(struct approving *g, struct db *db, X509 **out)
{
	uint8_t serial[SERIAL_LEN];
	char text[2 * 20 + 1];
	size_t len;

	TRY(find_made(g, db, out));
	if (*out == NULL)
		TRY(make(g, out));
	TRY(certificate_serial_hex(*out, text));
	TRY(hex_read(span_of(text), serial, sizeof(serial), &len));
	return end(db, g->r, &g->a->who, "issued", NULL, span_at(serial, len), g->a->channel, g->now);
}

/* The approval is inserted first, which locks the request: nobody else approves, rejects or withdraws it before this is committed or taken back. */
static enum err
carry_out(struct approving *g, X509 **out)
{
	AUTO(db) *db = NULL;

	TRY(db_lease(g->c->registration->db, &db));
	TRY(db_begin(db));
	TRY(record_approval(g, db));
	if (approval_completes(g->r, g->done))
		TRY(issue(g, db, out));
	return db_commit(db);
}

enum err
request_approve(struct cad *c, struct request_row *r, const struct approval *a, X509 **out, struct event *logged)
{
	struct approving g = {.c = c,
		.r = r,
		.a = a,
		.logged = logged,
		.now = cad_now(c),
		.profile = profile_find(&c->profiles, r->profile)};

	*out = NULL;
	REQUIRE_WHY(g.profile != NULL, ERR_NOT_FOUND, "there is no profile '%s' any more", r->profile);
	TRY(order_of(r, &g.order));
	enum err e = decide(&g);

	if (e == ERR_OK)
		e = carry_out(&g, out);
	json_free(&issue_order_table, &g.order);
	if (e != ERR_OK) {
		X509_free(*out);
		*out = NULL;
	}
	return e;
}

enum err
request_end(struct cad *c, const struct request_row *r, const struct person_acting *who, const char *state,
	const char *reason, const char *channel)
{
	AUTO(db) *db = NULL;

	if (strcmp(state, "rejected") == 0)
		TRY(rejection_decide(r, who, reason));
	else
		TRY(withdrawal_decide(r, who));
	TRY(db_lease(c->registration->db, &db));
	return end(db, r, who, state, reason, (struct span){0}, channel, cad_now(c));
}
