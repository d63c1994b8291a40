#include "cli/card/enrol.h"

#include <stdlib.h>
#include <string.h>

#include "cli/card/card.h"
#include "cli/card/pin.h"
#include "cli/order.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_SUBJECT = 4, MAX_ENROL_JSON = 40 << 10 };

const struct cli_option card_enrol_options[] = {
	CARD_OPTIONS,
	{"--profile", "NAME", "certificate profile, such as citizen-authentication", NULL, true, false},
	{"--id", "N", "the card's key: 1 authentication (default), 2 signature", NULL, false, false},
	{"--person", "HANDLE", "the citizen whose card it is, as the registry knows them", NULL, false, false},
	{"--name", "NAME", "common name, where no --person gives it", NULL, false, false},
	{"--registrar-module", "PATH", "module of the card that orders (default: --module)", "MOHAR_REGISTRAR_MODULE",
		false, false},
	{"--registrar-token", "LABEL", "the card that orders: a registrar's, or an operator's", "MOHAR_REGISTRAR_TOKEN",
		true, false},
	{"--registrar-pin", "PIN", "its PIN, or file:PATH; asked if absent", "MOHAR_REGISTRAR_PIN", false, false},
	{"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", true, false},
	{"--issuer", "URL", "the identity provider (with --person)", "MOHAR_ISSUER", false, false},
	ORDER_TLS_OPTION,
	{0},
};

enum err
card_id_of(const struct cli *c, uint8_t *out)
{
	const char *id = cli_value(c, "--id");

	if (id == NULL)
		id = "1";
	REQUIRE_WHY(strlen(id) == 1 && id[0] >= '1' && id[0] <= '4', ERR_MALFORMED, "--id is 1 to 4, not '%s'", id);
	*out = (uint8_t)(id[0] - '0');
	return ERR_OK;
}

/* ---- what the services answer ---- */

struct person {
	char *person, *card_subject, *name;
};
static const struct json_row person_rows[] = {
	{.name = "person",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct person, person),
		.max = 64},
	{.name = "card_subject",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct person, card_subject),
		.max = 64},
	{.name = "name", .kind = JSON_TEXT, .offset = offsetof(struct person, name), .max = 512},
};
static const struct json_table person_table = {"person", person_rows, 3, sizeof(struct person), true};

struct issued {
	char *serial, *certificate, *chain;
};
static const struct json_row issued_rows[] = {
	{.name = "serial",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct issued, serial),
		.max = 64},
	{.name = "certificate",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct issued, certificate),
		.max = 64 << 10},
	{.name = "chain", .kind = JSON_TEXT, .offset = offsetof(struct issued, chain), .max = 256 << 10},
};
static const struct json_table issued_table = {"issued certificate", issued_rows, 3, sizeof(struct issued), true};

/* ---- one enrolment ---- */

struct enrolment {
	struct cli *c;
	uint8_t id;
	const char *profile;
	struct person person; /* zero without --person */
	struct name_part subject[MAX_SUBJECT];
	size_t subject_count;
	struct writer csr;
	struct sha256 spki;
	struct issued issued;
};

static void
enrolment_free(struct enrolment *n)
{
	json_free(&person_table, &n->person);
	json_free(&issued_table, &n->issued);
	writer_free(&n->csr);
}

static enum err
registrar_open(struct cli *c, struct card **out)
{
	const char *module = cli_value(c, "--registrar-module");
	struct secret *pin;

	TRY(card_pin_of(c, "--registrar-pin", "PIN of the registrar's card", &pin));
	const enum err e = card_open(module != NULL ? module : cli_value(c, "--module"),
		cli_value(c, "--registrar-token"), pin, out);

	secret_free(&pin);
	return e;
}

/* The person's card, phase 1: a key, unless one is there that has no certificate yet. */
static enum err
make_key(struct enrolment *n)
{
	AUTO(writer) attributes = writer_new(4 << 10);
	struct secret *pin;

	TRY(card_pin_of(n->c, "--pin", "PIN of the card", &pin));
	const enum err e = card_generate(cli_value(n->c, "--module"), cli_value(n->c, "--token"), pin, n->id,
		n->id == 1 ? "authentication" : "signature", &attributes);

	secret_free(&pin);
	if (e == ERR_EXISTS) {
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	cli_progress(n->c, "key %u made on the card", n->id);
	cli_json(n->c, "key", writer_span(&attributes));
	return ERR_OK;
}

/* Phase 2: the request, signed on the card. */
static enum err
request_on(struct enrolment *n, struct card *card)
{
	X509 *old = NULL;
	EVP_PKEY *key;

	if (card_certificate(card, n->id, &old) == ERR_OK) {
		X509_free(old);
		return err_because(ERR_EXISTS,
			"key %u of this card has a certificate already; 'mohar card show' shows it", n->id);
	}
	err_forget();
	TRY(card_key(card, n->id, &key));
	TRY(spki_hash(key, &n->spki));
	return csr_make(key, n->subject, n->subject_count, NULL, 0, &n->csr);
}

static enum err
make_request(struct enrolment *n)
{
	struct card *card;

	TRY(card_of(n->c, &card));
	const enum err e = request_on(n, card);

	card_free(&card);
	return e;
}

static enum err
look_up_person(struct enrolment *n, struct card *registrar, const char *handle)
{
	AUTO(writer) path = writer_new(512);
	AUTO(writer) body = writer_new(512);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);
	const char *issuer = cli_value(n->c, "--issuer");

	REQUIRE_WHY(issuer != NULL, ERR_MALFORMED,
		"--issuer URL is needed with --person (or the variable MOHAR_ISSUER)");
	json_object(&j, NULL);
	json_text(&j, "handle", handle); /* the signed order itself names whom it is about */
	json_object_end(&j);
	writer_format(&path, "/registry/people/%s/show", handle);
	TRY(writer_done(&body));
	const struct order o = {"citizen.show", issuer, (const char *)writer_span(&path).ptr, writer_span(&body)};

	TRY(order_send(n->c, registrar, &o, &reply));
	return json_decode(writer_span(&reply), &person_table, &n->person);
}

static enum err
decide_subject(struct enrolment *n)
{
	const char *name = n->person.name != NULL ? n->person.name : cli_value(n->c, "--name");

	REQUIRE_WHY(name != NULL, ERR_MALFORMED, "--person HANDLE or --name NAME is needed");
	n->subject[n->subject_count++] = (struct name_part){"CN", name};
	if (n->person.card_subject != NULL)
		n->subject[n->subject_count++] = (struct name_part){"serialNumber", n->person.card_subject};
	return ERR_OK;
}

static enum err
write_body(const struct enrolment *n, struct writer *body)
{
	struct json_writer j = json_to(body);

	json_object(&j, NULL);
	json_text(&j, "profile", n->profile);
	json_bytes64(&j, "csr", writer_span(&n->csr));
	json_array(&j, "subject");
	for (size_t i = 0; i < n->subject_count; i++) {
		json_object(&j, NULL);
		json_text(&j, "type", n->subject[i].type);
		json_text(&j, "value", n->subject[i].value);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "names");
	json_array_end(&j);
	json_text(&j, "person", n->person.person);
	json_bytes64(&j, "spki_sha256", sha256_span(&n->spki));
	json_object_end(&j);
	return writer_done(body);
}

/* The registrar's card: who it is for, before the request; the order, after it. */
static enum err
ask_registry(struct enrolment *n)
{
	const char *handle = cli_value(n->c, "--person");
	struct card *registrar;

	if (handle == NULL)
		return ERR_OK;
	TRY(registrar_open(n->c, &registrar));
	const enum err e = look_up_person(n, registrar, handle);

	card_free(&registrar);
	return e;
}

static enum err
order_certificate(struct enrolment *n)
{
	AUTO(writer) body = writer_new(MAX_ENROL_JSON);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct card *registrar;

	TRY(write_body(n, &body));
	TRY(registrar_open(n->c, &registrar));
	const struct order o = {"certificate.issue", cli_value(n->c, "--ca-url"), "/certificates", writer_span(&body)};
	const enum err e = order_send(n->c, registrar, &o, &reply);

	card_free(&registrar);
	TRY(e);
	cli_progress(n->c, "certificate issued");
	return json_decode(writer_span(&reply), &issued_table, &n->issued);
}

/* What came back must be for the key that was asked for. */
static enum err
check_key(struct enrolment *n, const X509 *x)
{
	struct card *card;
	EVP_PKEY *key;

	TRY(card_of(n->c, &card));
	enum err e = card_key(card, n->id, &key);

	if (e == ERR_OK && EVP_PKEY_eq(X509_get0_pubkey(x), key) != 1)
		e = err_because(ERR_MISMATCH, "the certificate that came back is for another key");
	card_free(&card);
	return e;
}

static enum err
write_back(struct enrolment *n)
{
	OWN(X509) x = NULL;
	struct secret *pin;

	TRY(certificate_pem(span_of(n->issued.certificate), &x));
	TRY(check_key(n, x));
	TRY(card_pin_of(n->c, "--pin", "PIN of the card", &pin));
	const struct card_place at = {cli_value(n->c, "--module"), cli_value(n->c, "--token"), pin};
	const enum err e = card_write(&at, n->id, n->id == 1 ? "authentication" : "signature", x);

	secret_free(&pin);
	return e;
}

static enum err
tell_registry(struct enrolment *n)
{
	AUTO(writer) body = writer_new(MAX_ENROL_JSON);
	AUTO(writer) path = writer_new(512);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	const char *handle = cli_value(n->c, "--person");
	struct json_writer j = json_to(&body);
	struct card *registrar;

	if (handle == NULL || n->id != 1) /* only the authentication key logs in */
		return ERR_OK;
	json_object(&j, NULL);
	json_text(&j, "handle", handle);
	json_text(&j, "certificate", n->issued.certificate);
	json_object_end(&j);
	TRY(writer_done(&body));
	writer_format(&path, "/registry/people/%s/card", handle);
	TRY(registrar_open(n->c, &registrar));
	const struct order o = {"citizen.card", cli_value(n->c, "--issuer"), (const char *)writer_span(&path).ptr,
		writer_span(&body)};
	const enum err e = order_send(n->c, registrar, &o, &reply);

	card_free(&registrar);
	return e;
}

static enum err
enrol(struct enrolment *n)
{
	TRY(card_id_of(n->c, &n->id));
	TRY(ask_registry(n));
	TRY(decide_subject(n));
	TRY(make_key(n));
	TRY(make_request(n));
	TRY(order_certificate(n));
	TRY(write_back(n));
	cli_text(n->c, "serial", n->issued.serial);
	cli_text(n->c, "certificate", n->issued.certificate);
	TRY(tell_registry(n));
	return ERR_OK;
}

int
card_enrol_run(struct cli *c)
{
	struct enrolment n = {.c = c, .profile = cli_value(c, "--profile"), .csr = writer_new(MAX_CSR)};

	cli_begin(c);
	cli_text(c, "token", cli_value(c, "--token"));
	cli_text(c, "profile", n.profile);
	const enum err e = enrol(&n);

	enrolment_free(&n);
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}
