/* The acts on a request that waits: approve, reject, withdraw. */
#include <stddef.h>
#include <string.h>

#include "ca/issue/order.h"
#include "ca/request/acting.h"
#include "ca/request/request.h"
#include "x509/issue_digest.h"
#include "x509/own.h"

/* An order for one request is never carried out on another. */
static enum err
find_named(struct cad *c, const struct request *request, const char *named, struct request_row *out)
{
	const char *id = request_param(request, "id");

	REQUIRE_WHY(named != NULL && strcmp(named, id) == 0, ERR_MISMATCH,
		"the act is about request %s, the address about another", named != NULL ? named : "(none)");
	return request_find(c, id, out);
}

/* ---- approve ---- */

/* Over which bytes the approver's own act is: made anew from its members, not believed. */
static enum err
signed_for(const struct issue_order *order, struct sha256 *out)
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

static enum err
write_progress(struct cad *c, const char *id, struct reply *reply)
{
	struct request_row r;

	TRY(request_find(c, id, &r));
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	const enum err e = request_write(c, &j, &r, true);

	json_object_end(&j);
	request_row_free(&r);
	return e;
}

static enum err
approve(struct cad *c, struct request_row *r, const struct acting *by, const struct issue_order *order,
	const struct request *request, struct reply *reply)
{
	const struct profile *profile = profile_find(&c->profiles, r->profile);
	AUTO(writer) text = writer_new(MAX_ACT);
	struct sha256 over;
	AUTO(event) logged = {.leaf = {{0}}};
	OWN(X509) x = NULL;

	TRY(signed_for(order, &over));
	writer_bytes(&text, request_body(request));
	TRY(writer_done(&text));
	const struct approval a = {
		.who = by->who,
		.issue_sha256 = sha256_span(&over),
		.act = (const char *)writer_span(&text).ptr,
		.registry = order->registry,
		.channel = "card",
	};

	TRY(request_approve(c, r, &a, &x, &logged));
	if (x == NULL)
		return write_progress(c, request_param(request, "id"), reply);
	return issue_answer(reply, x, authority_find(&c->authorities, profile->issuer), &logged);
}

enum err
request_approve_post(void *daemon, struct request *request, struct reply *reply)
{
	static const char *const roles[] = {"registrar", "ca-operator", NULL};
	struct cad *c = daemon;
	struct issue_order order;
	struct request_row r;
	AUTO(acting) by = {0};

	TRY(acting_operator(c, request, roles, "certificate.issue", &by));
	TRY(json_decode(span_of(by.act.payload), &issue_order_table, &order));
	enum err e = find_named(c, request, order.request, &r);

	if (e == ERR_OK) {
		e = approve(c, &r, &by, &order, request, reply);
		request_row_free(&r);
	}
	json_free(&issue_order_table, &order);
	return e;
}

/* ---- reject, withdraw ---- */

struct ending {
	char *request, *reason;
};
static const struct json_row ending_rows[] = {
	{.name = "request",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct ending, request),
		.max = UUID_TEXT_LEN},
	{.name = "reason", .kind = JSON_TEXT, .offset = offsetof(struct ending, reason), .max = MAX_REASON},
};
static const struct json_table ending_table = {"act on a request", ending_rows, 2, sizeof(struct ending), true};

static enum err
end_named(struct cad *c, struct request *request, const struct acting *by, const char *state, struct reply *reply)
{
	struct ending ending;
	struct request_row r;

	TRY(json_decode(span_of(by->act.payload), &ending_table, &ending));
	enum err e = find_named(c, request, ending.request, &r);

	if (e == ERR_OK) {
		e = request_end(c, &r, &by->who, state, ending.reason, "card");
		request_row_free(&r);
	}
	json_free(&ending_table, &ending);
	TRY(e);
	return write_progress(c, request_param(request, "id"), reply);
}

enum err
request_reject_post(void *daemon, struct request *request, struct reply *reply)
{
	static const char *const roles[] = {"registrar", "ca-operator", NULL};
	struct cad *c = daemon;
	AUTO(acting) by = {0};

	TRY(acting_operator(c, request, roles, "request.reject", &by));
	return end_named(c, request, &by, "rejected", reply);
}

enum err
request_withdraw_post(void *daemon, struct request *request, struct reply *reply)
{
	static const char *const roles[] = {"registrar", "ca-operator", "client-operator", NULL};
	struct cad *c = daemon;
	AUTO(acting) by = {0};

	TRY(acting_anybody(c, request, roles, "request.withdraw", &by));
	return end_named(c, request, &by, "withdrawn", reply);
}
