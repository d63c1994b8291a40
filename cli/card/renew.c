#include "cli/card/renew.h"

#include <stdlib.h>
#include <string.h>

#include "cli/card/enrol.h"
#include "cli/card/succession.h"
#include "cli/order.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { DAY = 24 * 60 * 60, DEFAULT_WITHIN = 60, MAX_WITHIN = 100000 };

const struct cli_option card_renew_options[] = {
	CARD_OPTIONS,
	{"--within", "DAYS", "renew what ends within so many days (default 60)", NULL, false, false},
	{"--keep-old", NULL, "leave the old signature certificate on the card, for checking; its key goes", NULL, false,
		false},
	{"--person", "HANDLE", "the citizen whose card it is, as the registry knows them", NULL, false, false},
	{"--name", "NAME", "common name, where no --person gives it", NULL, false, false},
	{"--sign-token", "LABEL", "where the card shows its signature PIN as a token of its own: that token", NULL,
		false, false},
	{"--sign-pin", "PIN", "the signature PIN, or file:PATH; asked if absent", NULL, false, false},
	{"--registrar-module", "PATH", "module of the card that orders (default: --module)", "MOHAR_REGISTRAR_MODULE",
		false, false},
	{"--registrar-token", "LABEL", "the card that orders; without it the card's own old key, where policy names it",
		"MOHAR_REGISTRAR_TOKEN", false, false},
	{"--registrar-pin", "PIN", "its PIN, or file:PATH; asked if absent", "MOHAR_REGISTRAR_PIN", false, false},
	{"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", true, false},
	{"--issuer", "URL", "the identity provider (with --person)", "MOHAR_ISSUER", false, false},
	ORDER_TLS_OPTION,
	{0},
};

struct renewal {
	struct enrolment n;
	bool keep_old;
	int64_t within;
	struct {
		uint8_t id;
		struct succession there;
		bool due;
		struct enrolled_key made;
	} keys[MAX_CARD_ROLES];
};

static void
renewal_free(struct renewal *r)
{
	for (size_t i = 0; i < MAX_CARD_ROLES; i++) {
		succession_free(&r->keys[i].there);
		X509_free(r->keys[i].made.certificate);
	}
}

/* ---- what is to be done ---- */

static int64_t
days_left(struct cli *c, const X509 *x)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1 ? (timegm(&tm) - cli_now(c)) / DAY : 0;
}

/* Both keys are made and certified, the first one first, before either takes its place, the first one first again. So whichever has begun tells how far an interrupted run has come: the
 * second one alone, that the first is through. */
static enum err
look(struct renewal *r)
{
	struct cli *c = r->n.counter.c;
	bool begun = false;

	for (size_t i = 0; i < MAX_CARD_ROLES; i++) {
		r->keys[i].id = (uint8_t)(CARD_AUTHENTICATION + i);
		TRY(succession_read(enrol_place(&r->n, r->keys[i].id), r->keys[i].id, &r->keys[i].there));
		begun = begun || r->keys[i].there.begun;
	}
	for (size_t i = 0; i < MAX_CARD_ROLES; i++) {
		const struct succession *s = &r->keys[i].there;

		if (s->begun)
			r->keys[i].due = true;
		else if (begun && i == 0)
			r->keys[i].due = false;
		else
			r->keys[i].due = s->now != NULL && days_left(c, s->now) <= r->within;
	}
	return ERR_OK;
}

static bool
any_due(const struct renewal *r)
{
	return r->keys[0].due || r->keys[1].due;
}

/* ---- making ---- */

static enum err
make(struct renewal *r, size_t i)
{
	const uint8_t id = r->keys[i].id, next = id | CARD_NEXT;
	const struct succession *there = &r->keys[i].there;
	const X509 *known = there->now != NULL ? there->now : there->next;
	char *profile = NULL;

	REQUIRE_WHY(known != NULL, ERR_NOT_FOUND, "key %u has no certificate to renew; 'mohar card enrol' makes one",
		id);
	/* It has its number already: only what is told of it is still to be moved. */
	if (there->next != NULL && !there->next_key) {
		r->keys[i].made = (struct enrolled_key){.id = id, .state = "there already"};
		r->keys[i].made.certificate = X509_dup(there->next);
		return r->keys[i].made.certificate != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	TRY(counter_profile(&r->n.counter, known, &profile));
	const struct card_role role = {id, profile};
	const enum err e = enrol_key(&r->n, &role, next, &r->keys[i].made);

	free(profile);
	return e;
}

/* ---- taking the place ---- */

static enum err
see_it_sign(const struct card_place *at, uint8_t id, const X509 *x)
{
	struct card *card;
	enum err e = card_open(at->module, at->token, at->pin, &card);

	if (e == ERR_OK)
		e = card_proves(card, id, x);
	card_free(&card);
	return e;
}

static enum err
succeed(struct renewal *r, size_t i)
{
	const uint8_t id = r->keys[i].id;
	const struct card_place *at = enrol_place(&r->n, id);

	cli_progress(r->n.counter.c, "key %u: the new one takes its place", id);
	TRY(succession_finish(at, id, r->keep_old && card_key_is_signature(id)));
	r->keys[i].made.id = id;
	return see_it_sign(at, id, r->keys[i].made.certificate);
}

static enum err
renew(struct renewal *r)
{
	for (size_t i = 0; i < MAX_CARD_ROLES; i++)
		if (r->keys[i].due)
			TRY(make(r, i));
	/* While the old key still logs in: a refusal here leaves the card as it was. */
	if (r->keys[0].due)
		TRY(counter_bind(&r->n.counter, &r->n.holder, r->keys[0].made.certificate));
	for (size_t i = 0; i < MAX_CARD_ROLES; i++)
		if (r->keys[i].due)
			TRY(succeed(r, i));
	return ERR_OK;
}

/* ---- the verb ---- */

static enum err
within_of(struct cli *c, int64_t *out)
{
	const char *text = cli_value(c, "--within");
	char *end = NULL;

	*out = text != NULL ? strtol(text, &end, 10) : DEFAULT_WITHIN;
	REQUIRE_WHY(text == NULL || (end != text && *end == '\0' && *out >= 0 && *out <= MAX_WITHIN), ERR_MALFORMED,
		"--within is a number of days, not '%s'", text);
	return ERR_OK;
}

/* Whose card it is: by the registry or --name, else as its old certificate says. */
static enum err
holder_of(struct cli *c, struct renewal *r)
{
	const char *name = cli_value(c, "--name");
	const X509 *old = r->keys[0].there.now != NULL ? r->keys[0].there.now : r->keys[1].there.now;
	char *said = NULL;

	if (cli_value(c, "--person") == NULL && name == NULL && old != NULL) {
		char *number = NULL;
		const bool citizen = certificate_attribute(old, "serialNumber", &number) == ERR_OK;

		free(number);
		err_forget();
		REQUIRE_WHY(!citizen, ERR_MALFORMED, "--person HANDLE is needed: this is a citizen's card");
		TRY(certificate_attribute(old, "CN", &said));
		name = said;
	}
	const enum err e = counter_holder(&r->n.counter, cli_value(c, "--person"), name, &r->n.holder);

	free(said);
	return e;
}

static void
tell(struct cli *c, const struct renewal *r)
{
	struct enrolled done = {.chain = NULL};

	for (size_t i = 0; i < MAX_CARD_ROLES; i++)
		if (r->keys[i].due)
			done.keys[done.count++] = r->keys[i].made;
	enrolled_tell(c, &done);
	for (size_t i = 0; i < MAX_CARD_ROLES; i++) {
		if (r->keys[i].due || r->keys[i].there.now == NULL)
			continue;
		cli_item(c, "left");
		cli_int(c, "id", r->keys[i].id);
		cli_int(c, "days", days_left(c, r->keys[i].there.now));
		cli_item_end(c);
	}
	cli_text(c, "next",
		any_due(r) ? "the old certificates stay valid until they end; 'mohar ca revoke' ends one now"
			   : "nothing ends so soon; --within DAYS renews earlier");
}

static enum err
run(struct cli *c, struct renewal *r, struct enrolment_pins *pins)
{
	r->keep_old = cli_flag(c, "--keep-old");
	TRY(within_of(c, &r->within));
	TRY(enrolment_of(c, &r->n, pins));
	TRY(look(r));
	if (any_due(r)) {
		TRY(holder_of(c, r));
		TRY(renew(r));
	}
	tell(c, r);
	return ERR_OK;
}

int
card_renew_run(struct cli *c)
{
	struct enrolment_pins pins = {0};
	struct renewal r = {0};

	cli_begin(c);
	cli_text(c, "token", cli_value(c, "--token"));
	const enum err e = run(c, &r, &pins);

	renewal_free(&r);
	enrolment_free(&r.n, &pins);
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}
