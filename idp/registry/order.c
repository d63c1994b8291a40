#include <stddef.h>
#include <string.h>

#include "idp/registry/registry.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

void
order_free(struct order *o)
{
	db_free(&o->db);
	act_free(&o->act);
}

static enum err
spend(struct db *db, const struct act *act)
{
	const struct db_param p[] = {db_text(act->jti), db_time(act->exp + MAX_ACT_AGE)};
	const enum err e = db_run(db, ST_ACT_JTI, p, NULL);

	return e == ERR_EXISTS ? err_because(ERR_USED, "this order was given before") : e;
}

static enum err
open_order(struct idp *d, struct order *o)
{
	TRY(db_lease(d->db, &o->db));
	TRY(db_begin(o->db));
	return spend(o->db, &o->act);
}

enum err
order_begin(struct idp *d, const struct request *request, const char *role, const char *name, struct order *out)
{
	*out = (struct order){0};
	TRY(act_verify(request_body(request), &d->operators, role, name, d->settings.issuer, clock_now(&d->clock),
		&out->act));
	return open_order(d, out); /* the caller's AUTO(order) frees */
}

enum err
order_record(struct idp *d, struct order *o, const char *type, enum log_tree tree, const struct uuid *person,
	struct span details)
{
	const bool is_public = tree == LOG_TREE_PUBLIC;
	AUTO(event) e = {0};

	TRY(record_make(&e, type, tree, clock_now(&d->clock), is_public ? details : SPAN(""),
		is_public ? SPAN("") : details));
	return record_add(o->db, &e, o->act.by->name, person, NULL, "cli");
}

enum err
order_commit(struct order *o)
{
	return db_commit(o->db);
}

/* The two members that say whom an order is about. */
struct named {
	char *handle, *id;
};
static const struct json_row named_rows[] = {
	{"handle", JSON_TEXT, JSON_OPTIONAL, offsetof(struct named, handle), 0, 64, NULL, 0},
	{"id", JSON_TEXT, JSON_OPTIONAL, offsetof(struct named, id), 0, 64, NULL, 0},
};
static const struct json_table named_table = {"order", named_rows, 2, sizeof(struct named), true};

enum err
order_names(const struct order *o, const char *member, const char *named)
{
	struct named n;
	const char *signed_name;
	bool same;

	TRY(json_decode(span_of(o->act.payload), &named_table, &n));
	signed_name = strcmp(member, "id") == 0 ? n.id : n.handle;
	same = signed_name != NULL && named != NULL && strcmp(signed_name, named) == 0;
	json_free(&named_table, &n);
	REQUIRE_WHY(same, ERR_MISMATCH, "the signed order does not name this %s", member);
	return ERR_OK;
}

enum err
order_person(struct order *o, const struct request *request, struct person_row *out)
{
	const char *handle = request_param(request, "handle");
	const struct db_param p[] = {db_text(handle)};
	enum err e;

	TRY(order_names(o, "handle", handle));
	e = db_one(o->db, ST_PERSON_BY_HANDLE, p, out);
	return e == ERR_NOT_FOUND ? err_because(e, "no person of that handle") : e;
}

struct countersign {
	char *digest;
};
static const struct json_row countersign_rows[] = {
	{"facts_sha256", JSON_TEXT, JSON_REQUIRED, offsetof(struct countersign, digest), 1, 64, NULL, 0},
};
static const struct json_table countersign_table = {"countersignature", countersign_rows, 1, sizeof(struct countersign),
	true};

static enum err
countersign_check(struct order *o, const struct act *second, const char *digest)
{
	struct countersign c;
	bool same;

	REQUIRE_WHY(strcmp(second->by->name, o->act.by->name) != 0, ERR_REFUSED,
		"the countersignature must be another registrar's");
	TRY(json_decode(span_of(second->payload), &countersign_table, &c));
	same = strcmp(c.digest, digest) == 0;
	json_free(&countersign_table, &c);
	REQUIRE_WHY(same, ERR_MISMATCH, "the countersignature is over other facts");
	return spend(o->db, second);
}

enum err
order_countersigned(struct idp *d, struct order *o, const char *jws, const char *digest)
{
	AUTO(act) second = {0};

	TRY(act_verify(span_of(jws), &d->operators, "registrar", "citizen.countersign", d->settings.issuer,
		clock_now(&d->clock), &second));
	return countersign_check(o, &second, digest);
}
