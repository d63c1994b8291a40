#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "idp/card/card.h"
#include "idp/registry/registry.h"
#include "idp/store/store.h"
#include "x509/own.h"

/* ---- activate ---- */
struct activation_order {
	int64_t level;
	bool present;
};
static const struct json_row activation_rows[] = {
	{"level", JSON_INT, JSON_REQUIRED, offsetof(struct activation_order, level), 1, 3, NULL, 0},
	{"present", JSON_BOOL, JSON_OPTIONAL, offsetof(struct activation_order, present), 0, 0, NULL, 0},
};
static const struct json_table activation_table = {"citizen.activate", activation_rows, 2,
	sizeof(struct activation_order), true};

static enum err
activation_check(const struct activation_order *a, const struct person_row *person)
{
	REQUIRE_WHY(person->frozen_at == 0, ERR_REVOKED, "this person is frozen");
	REQUIRE_WHY(a->level <= person->proofing, ERR_REFUSED, "level %lld is above the person's proofing %lld",
		(long long)a->level, (long long)person->proofing);
	REQUIRE_WHY(a->level == 1 || a->present, ERR_REFUSED,
		"an activation address binds at level 1, unless the registrar signs that the person is present");
	return ERR_OK;
}

static enum err
activation_add(struct idp *d, struct order *o, const struct person_row *person, const struct activation_order *a,
	const char *code, unix_time expires)
{
	const struct sha256 hash = sha256_of(span_of(code));
	AUTO(writer) w = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&w);
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_uuid(&person->id), db_int(a->level),
		db_text(o->act.by->name), db_time(clock_now(&d->clock)), db_time(expires)};

	TRY(db_run(o->db, ST_ACTIVATION_ADD, p, NULL));
	json_object(&j, NULL);
	json_int(&j, "level", a->level);
	json_bool(&j, "present", a->present);
	json_object_end(&j);
	TRY(writer_done(&w));
	return order_record(d, o, "person.activation", LOG_TREE_PRIVATE, &person->id, writer_span(&w));
}

enum err
citizen_activate_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(person_row) person = {0};
	struct activation_order a;
	char code[TOKEN_TEXT_LEN + 1], url[2 * ADDRESS_ROOM];
	const unix_time expires = clock_now(&d->clock) + d->identity->activation_hours * 3600;
	struct json_writer j;

	TRY(order_begin(d, request, "registrar", "citizen.activate", &o));
	TRY(json_decode(span_of(o.act.payload), &activation_table, &a));
	TRY(order_person(&o, request, &person));
	TRY(activation_check(&a, &person));
	random_token(code);
	TRY(activation_add(d, &o, &person, &a, code, expires));
	TRY(order_commit(&o));
	snprintf(url, sizeof(url), "%s/activate#%s", d->settings.issuer,
		code); /* a fragment: it reaches no server's log */
	reply_status(reply, 201);
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "url", url);
	json_time(&j, "expires", expires);
	json_object_end(&j);
	return ERR_OK;
}

/* ---- freeze ---- */
enum err
citizen_freeze_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(person_row) person = {0};
	struct uuid_row row;
	struct json_writer j;
	enum err e;

	TRY(order_begin(d, request, "registrar", "citizen.freeze", &o));
	TRY(order_person(&o, request, &person));
	const struct db_param p[] = {db_uuid(&person.id), db_time(clock_now(&d->clock))};
	e = db_one(o.db, ST_PERSON_FREEZE, p, &row);
	if (e == ERR_NOT_FOUND)
		return err_because(ERR_EXISTS, "this person is frozen already");
	TRY(e);
	TRY(order_record(d, &o, "person.frozen", LOG_TREE_PRIVATE, &person.id, SPAN("")));
	TRY(order_commit(&o));
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "handle", person.handle);
	json_bool(&j, "frozen", true);
	json_object_end(&j);
	return ERR_OK;
}

/* ---- card ---- */
struct card_order {
	char *certificate;
};
static const struct json_row card_rows[] = {
	{"certificate", JSON_TEXT, JSON_REQUIRED, offsetof(struct card_order, certificate), 1, 32 << 10, NULL, 0},
};
static const struct json_table card_table = {"citizen.card", card_rows, 1, sizeof(struct card_order), true};

/* The certificate must be one of ours for this very person: its subject's serialNumber says so. */
static enum err
card_read(struct idp *d, const struct person_row *person, const char *pem, X509 **out)
{
	AUTO(writer) der = writer_new(MAX_CERTIFICATE);
	OWN(X509) given = NULL;
	char *serial_number = NULL;
	bool same;

	TRY(certificate_pem(span_of(pem), &given));
	TRY(certificate_der(given, &der));
	TRY(card_certificate(d->card_trust, writer_span(&der), clock_now(&d->clock), out));
	TRY(certificate_attribute(*out, "serialNumber", &serial_number));
	same = strcmp(serial_number, person->card_subject) == 0;
	free(serial_number);
	REQUIRE_WHY(same, ERR_MISMATCH, "the certificate is not this person's");
	return ERR_OK;
}

static enum err
card_bind(struct idp *d, struct order *o, const struct person_row *person, X509 *x, char serial[2 * 20 + 1])
{
	AUTO(writer) w = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&w);
	struct sha256 spki;
	enum err e;

	TRY(certificate_serial_hex(x, serial));
	TRY(spki_hash(X509_get0_pubkey(x), &spki));
	const struct db_param p[] = {db_bytes(sha256_span(&spki)), db_uuid(&person->id), db_text(serial),
		db_int(person->proofing), db_text(o->act.by->name), db_time(clock_now(&d->clock))};
	e = db_run(o->db, ST_CARD_ADD, p, NULL);
	if (e == ERR_EXISTS)
		return err_because(e, "this card's key is bound already");
	TRY(e);
	json_object(&j, NULL);
	json_text(&j, "serial", serial);
	json_object_end(&j);
	TRY(writer_done(&w));
	return order_record(d, o, "card.bound", LOG_TREE_PRIVATE, &person->id, writer_span(&w));
}

enum err
citizen_card_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(order) o = {0};
	AUTO(person_row) person = {0};
	OWN(X509) x = NULL;
	struct card_order c;
	char serial[2 * 20 + 1];
	struct json_writer j;
	enum err e;

	TRY(order_begin(d, request, "registrar", "citizen.card", &o));
	TRY(order_person(&o, request, &person));
	TRY(json_decode(span_of(o.act.payload), &card_table, &c));
	e = card_read(d, &person, c.certificate, &x);
	json_free(&card_table, &c);
	TRY(e);
	TRY(card_bind(d, &o, &person, x, serial));
	TRY(order_commit(&o));
	reply_status(reply, 201);
	j = reply_json(reply);
	json_object(&j, NULL);
	json_text(&j, "handle", person.handle);
	json_text(&j, "serial", serial);
	json_object_end(&j);
	return ERR_OK;
}
