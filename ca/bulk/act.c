/* The acts on a proposal: approve, withdraw. */
#include <stddef.h>
#include <string.h>

#include "ca/bulk/bulk.h"
#include "ca/order.h"
#include "ca/request/acting.h"

static const char *const roles[] = {"ca-operator", NULL};

/* ---- approve ---- */

static enum err
decide(struct cad *c, const struct bulk_row *b, const struct bulk_approval *a, const struct person_acting *who,
	size_t *done)
{
	const struct db_param params[] = {db_uuid(&b->id)};
	struct json_list list;

	REQUIRE_WHY(json_texts_have(who->roles, "ca-operator"), ERR_REFUSED,
		"bulk acts take a ca-operator; '%s' is none", who->name);
	TRY(db_pool_all(bulk_db(c), BULK_APPROVALS, params, &list));
	*done = list.count;
	const enum err e = bulk_approval_decide(b, a, who, list.items, list.count, cad_now(c));

	db_rows_free(&bulk_statements[BULK_APPROVALS], &list);
	return e;
}

static enum err
record(struct db *db, const struct bulk_row *b, const struct person_acting *who, const char *act, unix_time now)
{
	struct event event = {0};

	TRY(bulk_event("bulk.approved", b, who->name, b->why, now, &event));
	const struct db_param params[] = {
		db_uuid(&b->id),
		db_text(who->name),
		db_bytes(who->key_sha256),
		db_bytes(span_at(b->serials_sha256.ptr, b->serials_sha256.len)),
		db_text(act),
		db_time(now),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_run(db, BULK_APPROVE, params, NULL);

	event_free(&event);
	return e == ERR_EXISTS ? err_because(ERR_USED, "'%s' has approved this already", who->name) : e;
}

/* How many have approved is asked behind the trigger's lock: of two at the same time the second sees the first. */
static enum err
run_if_enough(struct db *db, const struct bulk_row *b, unix_time now)
{
	const struct db_param params[] = {db_uuid(&b->id)}, run[] = {db_uuid(&b->id), db_time(now)};
	struct json_list list;

	TRY(db_all(db, BULK_APPROVALS, params, &list));
	const bool enough = (int64_t)list.count >= b->quorum;

	db_rows_free(&bulk_statements[BULK_APPROVALS], &list);
	return enough ? db_run(db, BULK_RUN, run, NULL) : ERR_OK;
}

enum err
bulk_approve(struct cad *c, const struct bulk_row *b, const struct bulk_approval *a, const struct person_acting *who,
	const char *act)
{
	const unix_time now = cad_now(c);
	AUTO(db) *db = NULL;
	size_t done;

	TRY(decide(c, b, a, who, &done));
	TRY(db_lease(bulk_db(c), &db));
	TRY(db_begin(db));
	TRY(record(db, b, who, act, now));
	TRY(run_if_enough(db, b, now));
	TRY(db_commit(db));
	bulk_wake(c->bulk);
	return ERR_OK;
}

static enum err
tell(struct cad *c, const char *id, struct reply *reply)
{
	struct bulk_row b;

	TRY(bulk_find(c, id, &b));
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	const enum err e = bulk_write(c, &j, &b, true);

	json_object_end(&j);
	bulk_row_free(&b);
	return e;
}

/* An order for one is never carried out on another. */
static enum err
find_named(struct cad *c, const struct request *request, const char *named, struct bulk_row *out)
{
	REQUIRE_WHY(strcmp(named, request_param(request, "id")) == 0, ERR_MISMATCH,
		"the act is about %s, the address about another", named);
	return bulk_find(c, named, out);
}

static enum err
approve(struct cad *c, const struct request *request, const struct bulk_approval *a, const struct acting *by)
{
	AUTO(writer) act = writer_new(MAX_ACT);
	struct bulk_row b;

	writer_bytes(&act, request_body(request));
	TRY(writer_done(&act));
	TRY(find_named(c, request, a->bulk, &b));
	const enum err e = bulk_approve(c, &b, a, &by->who, (const char *)writer_span(&act).ptr);

	bulk_row_free(&b);
	return e;
}

enum err
bulk_approve_post(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct bulk_approval a;
	AUTO(acting) by = {0};

	TRY(acting_operator(c, request, roles, "bulk.approve", &by));
	TRY(json_decode(span_of(by.act.payload), &bulk_approval_table, &a));
	const enum err e = approve(c, request, &a, &by);

	json_free(&bulk_approval_table, &a);
	TRY(e);
	return tell(c, request_param(request, "id"), reply);
}

/* ---- withdraw ---- */

enum err
bulk_withdraw(struct cad *c, const struct bulk_row *b, const struct person_acting *who)
{
	const unix_time now = cad_now(c);
	struct event event = {0};
	size_t affected = 0;

	REQUIRE_WHY(json_texts_have(who->roles, "ca-operator"), ERR_REFUSED,
		"bulk acts take a ca-operator; '%s' is none", who->name);
	TRY(bulk_event("bulk.withdrawn", b, who->name, NULL, now, &event));
	const struct db_param params[] = {
		db_uuid(&b->id),
		db_time(now),
		db_text(who->name),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
	};
	const enum err e = db_pool_run(bulk_db(c), BULK_WITHDRAW, params, &affected);

	event_free(&event);
	TRY(e);
	REQUIRE_WHY(affected == 1, ERR_EXISTS, "it is %s; it cannot be withdrawn any more", b->state);
	return ERR_OK;
}

struct named {
	char *bulk;
};
static const struct json_row named_rows[] = {
	{.name = "bulk",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct named, bulk),
		.max = UUID_TEXT_LEN},
};
static const struct json_table named_table = {"act bulk.withdraw", named_rows, 1, sizeof(struct named), true};

enum err
bulk_withdraw_post(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	struct named named;
	struct bulk_row b;
	AUTO(acting) by = {0};

	TRY(acting_operator(c, request, roles, "bulk.withdraw", &by));
	TRY(json_decode(span_of(by.act.payload), &named_table, &named));
	enum err e = find_named(c, request, named.bulk, &b);

	json_free(&named_table, &named);
	TRY(e);
	e = bulk_withdraw(c, &b, &by.who);
	bulk_row_free(&b);
	TRY(e);
	return tell(c, request_param(request, "id"), reply);
}
