#include <stddef.h>
#include <string.h>

#include "base/encode.h"
#include "ca/issue/order.h"
#include "ca/request/acting.h"
#include "ca/request/event.h"
#include "ca/request/registry.h"
#include "ca/request/request.h"
#include "x509/issue_digest.h"
#include "x509/profile.h"

enum { SECONDS_A_DAY = 86400, MAX_TITLE = 4 << 10, MAX_PARTS_JSON = 32 << 10 };

/* What stands in the act request.submit beside what an order has. */
struct extras {
	char *handle, *batch, *registry;
};
static const struct json_row extra_rows[] = {
	{.name = "handle", .kind = JSON_TEXT, .offset = offsetof(struct extras, handle), .max = MAX_HANDLE},
	{.name = "batch", .kind = JSON_TEXT, .offset = offsetof(struct extras, batch), .max = MAX_BATCH},
	{.name = "registry", .kind = JSON_TEXT, .offset = offsetof(struct extras, registry), .max = MAX_STATEMENT},
};
static const struct json_table extras_table = {"act request.submit", extra_rows, 3, sizeof(struct extras), true};

/* All that becomes a row. */
struct submission {
	const struct acting *by;
	const struct profile *profile;
	struct issue_order *order;
	const struct extras *extras;
	bool has_person;
	struct uuid person;
	struct sha256 digest;
	struct writer subject, names, title; /* JSON, JSON, text */
	struct request_row row;              /* what the event needs; borrows from all of this */
};

static void
write_parts(const struct json_list *parts, struct writer *out)
{
	struct json_writer j = json_to(out);

	name_parts_write(&j, NULL, parts->items, parts->count);
}

static void
write_title(const struct json_list *parts, struct writer *out)
{
	const struct name_part *p = parts->items;

	for (size_t i = 0; i < parts->count; i++)
		writer_format(out, "%s%s=%s", out->len == 0 ? "" : ", ", p[i].type, p[i].value);
}

static enum err
digest(struct submission *s)
{
	const struct issue_facts facts = {
		.profile = s->profile->name,
		.person = s->order->person,
		.subject = s->order->subject.items,
		.subject_count = s->order->subject.count,
		.names = s->order->names.items,
		.names_count = s->order->names.count,
		.spki_sha256 = span_at(s->order->spki_sha256.ptr, s->order->spki_sha256.len),
	};

	write_parts(&s->order->subject, &s->subject);
	write_parts(&s->order->names, &s->names);
	write_title(s->order->subject.count > 0 ? &s->order->subject : &s->order->names, &s->title);
	TRY(writer_done(&s->subject));
	TRY(writer_done(&s->names));
	TRY(writer_done(&s->title));
	return issue_digest(&facts, &s->digest);
}

/* A person asks for themself; everybody else is asked for by an operator. */
static enum err
for_whom(const struct submission *s)
{
	REQUIRE_WHY(!s->by->has_person ||
			(s->has_person && memcmp(s->person.bytes, s->by->person.bytes, sizeof(s->person.bytes)) == 0),
		ERR_REFUSED, "with a certificate of their own, people ask for themselves only");
	REQUIRE_WHY(!s->by->has_person || s->profile->registrar_signature, ERR_REFUSED,
		"profile '%s' is no person's; an agency's operator asks for it", s->profile->name);
	return ERR_OK;
}

static void
make_row(struct submission *s, unix_time now, int64_t days)
{
	s->row = (struct request_row){
		.id = uuid_random(),
		.profile = s->profile->name,
		.approvals = s->profile->approvals > 1 ? s->profile->approvals : 1,
		.person = s->person,
		.has_person = s->has_person,
		.title = (char *)s->title.ptr,
		.applicant = (char *)(uintptr_t)s->by->who.name,
		.issue_sha256 = {s->digest.bytes, SHA256_LEN},
		.created_at = now,
		.expires_at = now + days * SECONDS_A_DAY,
	};
}

static enum err
store(struct cad *c, const struct submission *s, struct span act, const struct event *event)
{
	const struct request_row *r = &s->row;
	AUTO(writer) principal = writer_new(MAX_TITLE);

	request_principal(r, &principal);
	const struct db_param params[] = {
		db_uuid(&r->id),
		db_text(r->profile),
		db_text(issue_role(s->profile)),
		db_int(r->approvals),
		db_uuid(s->has_person ? &s->person : NULL),
		db_text(s->extras->handle),
		db_text_span(writer_span(&s->subject)),
		db_text_span(writer_span(&s->names)),
		db_text_span(writer_span(&s->title)),
		db_bytes(span_at(s->order->csr.ptr, s->order->csr.len)),
		db_bytes(span_at(s->order->blob.ptr, s->order->blob.len)),
		db_bytes(span_at(s->order->spki_sha256.ptr, s->order->spki_sha256.len)),
		db_bytes(sha256_span(&s->digest)),
		db_text(s->extras->batch),
		db_text(r->applicant),
		db_bytes(s->by->who.key_sha256),
		db_text_span(act),
		db_time(r->created_at),
		db_time(r->expires_at),
		db_text_span(writer_span(&principal)),
		db_text("card"),
		db_uuid(&event->id),
		db_bytes(span_at(event->salt, SALT_LEN)),
		db_bytes(writer_span(&event->entry)),
		db_bytes(writer_span(&event->private_part)),
	};
	const enum err e = db_pool_run(c->registration->db, REQ_ADD, params, NULL);

	return e == ERR_EXISTS ? err_because(e, "a request for this key and profile is waiting already") : e;
}

static enum err
record(struct cad *c, struct submission *s, struct span act)
{
	struct event event = {0};

	make_row(s, cad_now(c), c->config.request_days);
	TRY(request_event(&s->row, &s->by->who, "request.submitted", NULL, s->row.created_at, &event));
	const enum err e = store(c, s, act, &event);

	event_free(&event);
	return e;
}

/* Everything that can be refused now is, so that nobody waits for days to hear it. */
static enum err
check(struct cad *c, struct submission *s)
{
	struct request_facts facts;

	TRY(issue_key_of(s->order, &facts));
	const enum err e = issue_decide(s->profile, s->order, &facts, &s->has_person, &s->person);

	csr_free(&facts);
	TRY(e);
	TRY(for_whom(s));
	if (s->order->csr.len > 0)
		TRY(request_allowed(s->profile, span_at(s->order->csr.ptr, s->order->csr.len)));
	TRY(profile_allows(s->profile, s->order->subject.items, s->order->subject.count, s->order->names.items,
		s->order->names.count));
	if (s->extras->registry != NULL)
		TRY(registry_check(c, s->profile, s->extras->registry, s->has_person ? &s->person : NULL,
			s->order->subject.items, s->order->subject.count));
	return digest(s);
}

static enum err
answer(const struct submission *s, struct reply *reply)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);

	uuid_write(&id, &s->row.id);
	reply_status(reply, 201);
	reply_headerf(reply, "Location", "/requests/%s", (const char *)writer_span(&id).ptr);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_span(&j, "id", writer_span(&id));
	json_text(&j, "state", "waiting");
	json_text(&j, "takes", issue_role(s->profile));
	json_int(&j, "approvals", s->row.approvals);
	json_time(&j, "expires_at", s->row.expires_at);
	json_bytes64(&j, "issue_sha256", sha256_span(&s->digest));
	json_object_end(&j);
	return ERR_OK;
}

static enum err
submit(struct cad *c, struct submission *s, struct span act, struct reply *reply)
{
	s->profile = profile_find(&c->profiles, s->order->profile);
	REQUIRE_WHY(s->profile != NULL, ERR_NOT_FOUND, "there is no profile '%s'", s->order->profile);
	TRY(check(c, s));
	TRY(record(c, s, act));
	return answer(s, reply);
}

enum err
request_post(void *daemon, struct request *request, struct reply *reply)
{
	static const char *const roles[] = {"registrar", "ca-operator", "client-operator", NULL};
	struct cad *c = daemon;
	struct issue_order order = {0};
	struct extras extras = {0};
	AUTO(acting) by = {0};
	struct submission s = {
		.by = &by,
		.order = &order,
		.extras = &extras,
		.subject = writer_new(MAX_PARTS_JSON),
		.names = writer_new(MAX_PARTS_JSON),
		.title = writer_new(MAX_TITLE),
	};

	TRY(acting_anybody(c, request, roles, "request.submit", &by));
	enum err e = json_decode(span_of(by.act.payload), &issue_order_table, &order);

	if (e == ERR_OK)
		e = json_decode(span_of(by.act.payload), &extras_table, &extras);
	if (e == ERR_OK)
		e = submit(c, &s, request_body(request), reply);
	json_free(&issue_order_table, &order);
	json_free(&extras_table, &extras);
	writer_free(&s.subject);
	writer_free(&s.names);
	writer_free(&s.title);
	return e;
}
