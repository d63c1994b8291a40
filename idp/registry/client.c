#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "idp/client/client.h"
#include "idp/registry/portal.h"
#include "idp/registry/registry.h"
#include "idp/store/store.h"

enum { ID_BYTES = 10 };

/* What a client is given once: an id if it brought none, a secret if its method wants one. */
struct given {
	char id[65];
	char secret[TOKEN_TEXT_LEN + 1]; /* "" if none */
	struct sha256 hash;
};

static void
give_secret(struct given *g, const char *method)
{
	g->secret[0] = '\0';
	if (strcmp(method, "client_secret_basic") != 0)
		return;
	random_token(g->secret);
	g->hash = sha256_of(span_of(g->secret));
}

static enum err
give(struct given *g, const struct portal *p)
{
	uint8_t bytes[ID_BYTES];
	AUTO(writer) hex = writer_new(2 * ID_BYTES);

	random_bytes(bytes, sizeof(bytes));
	hex_write(&hex, span_at(bytes, sizeof(bytes)));
	TRY(writer_done(&hex));
	snprintf(g->id, sizeof(g->id), "%s", p->id != NULL ? p->id : (const char *)writer_span(&hex).ptr);
	give_secret(g, p->auth_method);
	return ERR_OK;
}

static struct span
hash_or_null(const struct given *g)
{
	return g->secret[0] != '\0' ? sha256_span(&g->hash) : (struct span){NULL, 0};
}

static struct span
json_or_null(const char *json)
{
	return json != NULL ? span_of(json) : (struct span){NULL, 0};
}

static enum err
record(struct idp *d, struct order *o, const char *type, const char *id, const char *sector)
{
	AUTO(writer) w = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	json_text(&j, "client", id);
	json_text(&j, "sector", sector);
	json_text(&j, "operator", o->act.by->name);
	json_object_end(&j);
	TRY(writer_done(&w));
	return order_record(d, o, type, LOG_TREE_PUBLIC, NULL, writer_span(&w));
}

static enum err
add(struct idp *d, struct order *o, const struct portal *p, const struct given *g)
{
	const unix_time now = clock_now(&d->clock);
	const struct db_param sector[] = {db_text(p->sector), db_time(now)};
	const struct db_param client[] = {
		db_text(g->id),
		db_json(span_of(p->name)),
		db_text(p->sector),
		db_text(p->agency),
		db_text(p->auth_method),
		db_bytes(hash_or_null(g)),
		db_json(json_or_null(p->jwks)),
		db_texts(&p->grants),
		db_texts(&p->redirect_uris),
		db_texts(&p->post_logout_redirect_uris),
		db_texts(&p->scopes),
		db_texts(&p->resources),
		db_int(p->min_level),
		db_int(p->max_level),
		db_bool(p->require_par),
		db_time(now),
	};
	enum err e;

	TRY(db_run(o->db, ST_SECTOR_ADD, sector, NULL));
	e = db_run(o->db, ST_CLIENT_ADD, client, NULL);
	if (e == ERR_EXISTS)
		return err_because(e, "a client of that id is registered already");
	TRY(e);
	TRY(record(d, o, "client.added", g->id, p->sector));
	return order_commit(o);
}

static void
answer(struct reply *reply, int status, const struct given *g)
{
	struct json_writer j;

	reply_status(reply, status);
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "client_id", g->id);
	json_text(&j, "client_secret", g->secret[0] != '\0' ? g->secret : NULL);
	json_object_end(&j);
}

enum err
client_add_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(portal) p = {0};
	struct given g;

	TRY(order_begin(d, request, "client-operator", "client.add", &o));
	TRY(json_decode(span_of(o.act.payload), &portal_table, &p));
	TRY(portal_complete(&p));
	TRY(portal_check(&p));
	TRY(claims_scopes_check(d->claims, &p.scopes));
	TRY(give(&g, &p));
	TRY(add(d, &o, &p, &g));
	answer(reply, 201, &g);
	return ERR_OK;
}

static enum err
find(struct order *o, const struct request *request, struct client_row *out)
{
	const char *id = request_param(request, "id");
	const struct db_param p[] = {db_text(id)};
	enum err e;

	TRY(order_names(o, "id", id));
	e = db_one(o->db, ST_CLIENT_BY_ID, p, out);
	return e == ERR_NOT_FOUND ? err_because(e, "no client of that id") : e;
}

static void
write_texts(struct json_writer *j, const char *name, const struct json_list *list)
{
	json_array(j, name);
	for (size_t i = 0; i < list->count; i++)
		json_text(j, NULL, json_text_at(list, i));
	json_array_end(j);
}

static void
write_client(struct reply *reply, const struct client_row *c)
{
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_text(&j, "client_id", c->id);
	json_raw(&j, "name", span_of(c->name));
	json_text(&j, "sector", c->sector);
	json_text(&j, "agency", c->agency);
	json_text(&j, "auth_method", c->auth_method);
	if (c->jwks != NULL)
		json_raw(&j, "jwks", span_of(c->jwks));
	write_texts(&j, "grants", &c->grants);
	write_texts(&j, "redirect_uris", &c->redirect_uris);
	write_texts(&j, "post_logout_redirect_uris", &c->post_logout_redirect_uris);
	write_texts(&j, "scopes", &c->scopes);
	write_texts(&j, "resources", &c->resources);
	json_int(&j, "min_level", c->min_level);
	json_int(&j, "max_level", c->max_level);
	json_bool(&j, "require_par", c->require_par);
	json_object_end(&j);
}

enum err
client_show_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(client_row) c = {0};

	TRY(order_begin(d, request, "client-operator", "client.show", &o));
	TRY(find(&o, request, &c));
	TRY(order_commit(&o));
	write_client(reply, &c);
	return ERR_OK;
}

/* ---- rotate: a new secret, or new keys, at once ---- */
struct rotation {
	char *jwks;
};
static const struct json_row rotation_rows[] = {
	{"jwks", JSON_RAW, JSON_OPTIONAL, offsetof(struct rotation, jwks), 0, 0, NULL, 0}};
static const struct json_table rotation_table = {"client.rotate", rotation_rows, 1, sizeof(struct rotation), true};

static void
rotation_free(struct rotation *r)
{
	json_free(&rotation_table, r);
}

static enum err
rotation_check(const struct client_row *c, const struct rotation *r)
{
	REQUIRE_WHY(strcmp(c->auth_method, "none") != 0, ERR_REFUSED, "a public client has nothing to rotate");
	REQUIRE_WHY((strcmp(c->auth_method, "private_key_jwt") == 0) == (r->jwks != NULL), ERR_MALFORMED,
		"jwks: needed for private_key_jwt, and only there");
	return r->jwks != NULL ? portal_keys_check(r->jwks) : ERR_OK;
}

enum err
client_rotate_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(client_row) c = {0};
	AUTO(rotation) r = {0};
	struct given g = {0};

	TRY(order_begin(d, request, "client-operator", "client.rotate", &o));
	TRY(json_decode(span_of(o.act.payload), &rotation_table, &r));
	TRY(find(&o, request, &c));
	TRY(rotation_check(&c, &r));
	snprintf(g.id, sizeof(g.id), "%s", c.id);
	give_secret(&g, c.auth_method);
	const struct db_param p[] = {db_text(c.id), db_bytes(hash_or_null(&g)), db_json(json_or_null(r.jwks))};
	TRY(db_run(o.db, ST_CLIENT_ROTATE, p, NULL));
	TRY(record(d, &o, "client.rotated", c.id, c.sector));
	TRY(order_commit(&o));
	client_forget(d, c.id);
	answer(reply, 200, &g);
	return ERR_OK;
}

enum err
client_revoke_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(client_row) c = {0};
	AUTO(text_row) gone = {0};
	struct given g = {0};

	TRY(order_begin(d, request, "client-operator", "client.revoke", &o));
	TRY(find(&o, request, &c));
	const struct db_param p[] = {db_text(c.id), db_time(clock_now(&d->clock))};
	TRY(db_one(o.db, ST_CLIENT_REVOKE, p, &gone));
	TRY(record(d, &o, "client.revoked", c.id, c.sector));
	TRY(order_commit(&o));
	client_forget(d, c.id);
	snprintf(g.id, sizeof(g.id), "%s", c.id);
	answer(reply, 200, &g);
	return ERR_OK;
}
