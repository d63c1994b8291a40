/* The command line of enrolment: options to an enrolment, and what came of it to the person at the counter. */
#include <stdlib.h>
#include <string.h>

#include "cli/card/enrol.h"
#include "cli/card/pin.h"
#include "cli/order.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { DAY = 24 * 60 * 60 };

const struct cli_option card_enrol_options[] = {
	CARD_OPTIONS,
	{"--profiles", "SET", "citizen (default: a key to log in and one to sign), citizen-login, officer", NULL, false,
		false},
	{"--profile", "NAME", "one key only, under this certificate profile", NULL, false, false},
	{"--id", "N", "with --profile, the card's key: 1 authentication (default), 2 signature", NULL, false, false},
	{"--person", "HANDLE", "the citizen whose card it is, as the registry knows them", NULL, false, false},
	{"--name", "NAME", "common name, where no --person gives it", NULL, false, false},
	{"--sign-token", "LABEL", "where the card shows its signature PIN as a token of its own: that token", NULL,
		false, false},
	{"--sign-pin", "PIN", "the signature PIN, or file:PATH; asked if absent", NULL, false, false},
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

/* ---- places and PINs ---- */

static enum err
registrar_of(struct cli *c, struct enrolment *n, struct enrolment_pins *pins)
{
	const char *module = cli_value(c, "--registrar-module"), *token = cli_value(c, "--registrar-token");

	n->counter.registrar = n->card;
	if (token == NULL) /* renewal only: the card orders for itself, if it is an operator's */
		return ERR_OK;
	n->counter.registrar.token = token;
	if (module != NULL)
		n->counter.registrar.module = module;
	TRY(card_pin_for(c, "--registrar-pin", "PIN of the registrar's card", n->counter.registrar.module, token,
		&pins->registrar));
	n->counter.registrar.pin = pins->registrar;
	return ERR_OK;
}

enum err
enrolment_of(struct cli *c, struct enrolment *n, struct enrolment_pins *pins)
{
	*pins = (struct enrolment_pins){0};
	*n = (struct enrolment){
		.counter = {.c = c, .ca_url = cli_value(c, "--ca-url"), .issuer = cli_value(c, "--issuer")},
		.card = {cli_value(c, "--module"), cli_value(c, "--token"), NULL},
	};
	TRY(card_pin_for(c, "--pin", "PIN of the card", n->card.module, n->card.token, &pins->card));
	n->card.pin = pins->card;
	n->signing = n->card;
	if (cli_value(c, "--sign-token") != NULL) {
		n->signing.token = cli_value(c, "--sign-token");
		TRY(card_pin_for(c, "--sign-pin", "signature PIN of the card", n->signing.module, n->signing.token,
			&pins->signing));
		n->signing.pin = pins->signing;
	}
	return registrar_of(c, n, pins);
}

void
enrolment_free(struct enrolment *n, struct enrolment_pins *pins)
{
	holder_free(&n->holder);
	secret_free(&pins->card);
	secret_free(&pins->signing);
	secret_free(&pins->registrar);
}

/* ---- telling ---- */

static void
tell_key(struct cli *c, const struct enrolled_key *key)
{
	char label[MAX_CARD_KEY_LABEL], serial[2 * 20 + 1];
	struct tm tm;

	card_key_label(key->id, label);
	cli_item(c, "keys");
	cli_int(c, "id", key->id);
	cli_text(c, "name", label);
	cli_text(c, "key", key->made ? "made now" : "there already");
	cli_text(c, "certificate", key->state);
	if (certificate_serial_hex(key->certificate, serial) == ERR_OK)
		cli_text(c, "serial", serial);
	if (ASN1_TIME_to_tm(X509_get0_notAfter(key->certificate), &tm) == 1)
		cli_int(c, "days", (timegm(&tm) - cli_now(c)) / DAY);
	cli_item_end(c);
}

void
enrolled_tell(struct cli *c, const struct enrolled *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->keys[i].certificate != NULL)
			tell_key(c, &e->keys[i]);
	cli_text(c, "chain", e->chain);
}

/* One key, as it was asked for by its profile: the certificate itself too. */
static void
tell_single(struct cli *c, const struct enrolled_key *key)
{
	AUTO(writer) pem = writer_new(64 << 10);
	char serial[2 * 20 + 1];

	if (key->certificate == NULL || certificate_serial_hex(key->certificate, serial) != ERR_OK ||
		certificate_pem_write(key->certificate, &pem) != ERR_OK)
		return;
	cli_text(c, "serial", serial);
	cli_text(c, "certificate", (const char *)writer_span(&pem).ptr);
	if (strcmp(key->state, "there already") == 0)
		cli_text(c, "note", "this key has a certificate already; nothing was ordered");
}

/* ---- the verb ---- */

/* A login key never gets a signature's profile, nor the other way round. */
static enum err
single_role(struct cli *c, const char *profile, struct card_roles *out)
{
	const bool citizens = strncmp(profile, "citizen-", 8) == 0;
	const bool signature = strcmp(profile, "citizen-signature") == 0;
	uint8_t id = signature ? CARD_SIGNATURE : CARD_AUTHENTICATION;

	REQUIRE_WHY(cli_value(c, "--profiles") == NULL, ERR_MALFORMED, "--profile and --profiles exclude each other");
	if (cli_value(c, "--id") != NULL)
		TRY(card_id_of(c, &id));
	REQUIRE_WHY(!citizens || card_key_is_signature(id) == signature, ERR_MALFORMED,
		"key %u is for %s: profile '%s' belongs on the other", id,
		card_key_is_signature(id) ? "signing" : "logging in", profile);
	*out = (struct card_roles){{{id, profile}}, 1};
	return ERR_OK;
}

static enum err
roles_of(struct cli *c, struct card_roles *out)
{
	const char *profile = cli_value(c, "--profile"), *set = cli_value(c, "--profiles");

	if (profile != NULL)
		return single_role(c, profile, out);
	REQUIRE_WHY(cli_value(c, "--id") == NULL, ERR_MALFORMED, "--id goes with --profile");
	return card_roles_named(set != NULL ? set : "citizen", out);
}

static enum err
enrol(struct cli *c, struct enrolment *n, struct enrolment_pins *pins, const struct card_roles *roles)
{
	struct enrolled done = {0};

	TRY(enrolment_of(c, n, pins));
	TRY(counter_holder(&n->counter, cli_value(c, "--person"), cli_value(c, "--name"), &n->holder));
	const enum err e = enrol_card(n, roles, &done);

	cli_text(c, "holder", n->holder.name);
	if (e == ERR_OK) {
		if (cli_value(c, "--profile") != NULL)
			tell_single(c, &done.keys[0]);
		else
			enrolled_tell(c, &done);
		cli_text(c, "next", "hand the card over with its PIN letter; 'mohar card show' shows what is on it");
	}
	enrolled_free(&done);
	return e;
}

int
card_enrol_run(struct cli *c)
{
	struct enrolment_pins pins = {0};
	struct enrolment n = {0};
	struct card_roles roles;

	cli_begin(c);
	cli_text(c, "token", cli_value(c, "--token"));
	cli_text(c, "profile", cli_value(c, "--profile"));
	enum err e = roles_of(c, &roles);

	if (e == ERR_OK)
		e = enrol(c, &n, &pins, &roles);
	enrolment_free(&n, &pins);
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}
