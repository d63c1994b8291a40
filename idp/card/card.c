#include "idp/card/card.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "idp/oidc/interaction.h"
#include "idp/oidc/redirect.h"
#include "idp/page.h"
#include "idp/session/session.h"
#include "idp/store/store.h"
#include "x509/own.h"

enum { CARD_LEVEL = 3 };

/* ---- the card's port ---- */
static enum err
person_of(struct idp *d, X509 *x, struct card_row *out)
{
	char serial[2 * 20 + 1];
	struct sha256 spki;
	enum err e;

	TRY(spki_hash(X509_get0_pubkey(x), &spki));
	TRY(certificate_serial_hex(x, serial));
	const struct db_param p[] = {db_bytes(sha256_span(&spki)), db_text(serial)};
	e = db_pool_one(d->db, ST_CARD_BY_SPKI, p, out);
	return e == ERR_NOT_FOUND
		? err_because(ERR_REFUSED, "this card is bound to nobody here, or its person is frozen")
		: e;
}

static enum err
check_card(struct idp *d, const struct request *request, struct card_row *out)
{
	const struct span der = request_peer_certificate(request);
	OWN(X509) x = NULL;

	REQUIRE_WHY(der.len > 0, ERR_UNAUTHENTICATED, "the browser gave no certificate");
	TRY(card_certificate(d->card_trust, der, clock_now(&d->clock), &x));
	TRY(card_status(d, x));
	return person_of(d, x, out);
}

/* The ticket names the flow; only the browser that holds that flow's cookie can use it. */
static enum err
hand_over(struct idp *d, struct reply *reply, const char *flow, const struct card_row *card)
{
	char ticket[TOKEN_TEXT_LEN + 1], to[2 * ADDRESS_ROOM];
	const struct redirect_pair pairs[] = {{"flow", flow}, {"ticket", ticket}, {NULL, NULL}};
	struct sha256 hash;

	random_token(ticket);
	hash = sha256_of(span_of(ticket));
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_text(flow), db_uuid(&card->person),
		db_int(card->bound_level), db_text(card->serial), db_time(clock_now(&d->clock) + TICKET_SECONDS)};
	TRY(db_pool_run(d->db, ST_TICKET_ADD, p, NULL));
	snprintf(to, sizeof(to), "%s/card/return", d->settings.issuer);
	return redirect_to(reply, to, pairs);
}

enum err
card_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	const char *flow = request_query(request, "flow");
	AUTO(card_row) card = {0};
	enum err e;

	REQUIRE_WHY(flow != NULL && strlen(flow) == FLOW_ID_LEN, ERR_MALFORMED, "no flow is named");
	e = check_card(d, request, &card);
	if (e == ERR_OK)
		return hand_over(d, reply, flow, &card);
	log_refusal("card", e, "login by card");
	return page_error(d, request, reply, e == ERR_UNAVAILABLE ? 503 : 403,
		e == ERR_UNAVAILABLE               ? "error_card_status"
			: e == ERR_UNAUTHENTICATED ? "error_card_none"
						   : "error_card");
}

/* ---- the issuer's port ---- */
static enum err
use_ticket(struct idp *d, const struct interaction *i, const char *ticket, struct ticket_row *out)
{
	const struct sha256 hash = sha256_of(span_of(ticket));
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_text(i->id), db_time(clock_now(&d->clock))};
	enum err e;

	REQUIRE_WHY(ticket != NULL, ERR_MALFORMED, "no ticket");
	e = db_pool_one(d->db, ST_TICKET_USE, p, out);
	return e == ERR_NOT_FOUND
		? err_because(ERR_USED, "the card's ticket is unknown, used, expired, or another flow's")
		: e;
}

enum err
card_return_handler(void *daemon, struct request *request, struct reply *reply)
{
	static const char *const amr[] = {"sc", "pin", "mfa", NULL}; /* RFC 8176 2 */
	struct idp *d = daemon;
	AUTO(interaction) i = {0};
	AUTO(ticket_row) ticket = {0};
	const struct redirect_pair pairs[] = {{"flow", i.id}, {NULL, NULL}};

	TRY(interaction_of(d, request, &i));
	TRY(use_ticket(d, &i, request_query(request, "ticket"), &ticket));
	const struct login login = {.person = ticket.person,
		.authenticator = CARD_LEVEL,
		.bound_level = ticket.bound_level,
		.channel = "card",
		.amr = amr,
		.means = ticket.serial};
	TRY(session_open(d, request, reply, &login, NULL));
	return redirect_to(reply, "/continue", pairs);
}
