#include <string.h>

#include "cli/card/card.h"
#include "cli/card/batch.h"
#include "cli/card/enrol.h"
#include "cli/card/pin.h"
#include "cli/card/renew.h"
#include "cli/card/token.h"
#include "jose/jose.h"

static int
ended(struct cli *c, enum err e)
{
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}

/* ---- init ---- */

static const struct cli_option init_options[] = {
	CARD_OPTIONS,
	{"--so-pin", "PIN", "the registrar's PIN for this card, or file:PATH; asked if absent", "MOHAR_CARD_SO_PIN",
		false, false},
	{0},
};

static enum err
init(struct cli *c)
{
	struct secret *so_pin = NULL, *pin = NULL;
	char serial[17];
	enum err e = card_pin_of(c, "--so-pin", "security officer's PIN", &so_pin);

	if (e == ERR_OK)
		e = card_pin_of(c, "--pin", "new PIN", &pin);
	if (e == ERR_OK)
		e = card_token_init(cli_value(c, "--module"), cli_value(c, "--token"), so_pin, pin, serial);
	secret_free(&so_pin);
	secret_free(&pin);
	TRY(e);
	cli_text(c, "serial", serial);
	cli_text(c, "next", "'mohar card enrol' makes its keys and certificates");
	return ERR_OK;
}

static int
run_init(struct cli *c)
{
	cli_begin(c);
	cli_text(c, "token", cli_value(c, "--token"));
	return ended(c, init(c));
}

/* ---- key ---- */

static const struct cli_option key_options[] = {
	CARD_OPTIONS,
	{"--id", "N", "1 authentication (default), 2 signature", NULL, false, false},
	{0},
};

static enum err
make_key(struct cli *c)
{
	AUTO(writer) attributes = writer_new(4 << 10);
	struct secret *pin;
	uint8_t id;

	TRY(card_id_of(c, &id));
	TRY(card_pin_for(c, "--pin", "PIN of the card", cli_value(c, "--module"), cli_value(c, "--token"), &pin));
	const enum err e = card_generate(cli_value(c, "--module"), cli_value(c, "--token"), pin, id,
		id == 1 ? "authentication" : "signature", &attributes);

	secret_free(&pin);
	TRY(e);
	cli_json(c, "key", writer_span(&attributes));
	return ERR_OK;
}

static int
run_key(struct cli *c)
{
	cli_begin(c);
	cli_text(c, "token", cli_value(c, "--token"));
	return ended(c, make_key(c));
}

/* ---- show ---- */

static const struct cli_option show_options[] = {
	{"--module", "PATH", "the card's PKCS#11 module", "MOHAR_CARD_MODULE", true, false},
	{"--token", "LABEL", "one token in full; all in brief if absent", NULL, false, false},
	{"--pin", "PIN", "its PIN, or file:PATH: shows the private keys' attributes too", NULL, false, false},
	{"--jwk", NULL, "only the public JWK of key 1, as keys.json's operators want it", NULL, false, false},
	{0},
};

/* The public JWK of key 1, no PIN needed. */
static enum err
tell_jwk(struct cli *c, struct card *card)
{
	AUTO(writer) json = writer_new(4 << 10);
	EVP_PKEY *key;
	struct jwk *jwk;

	TRY(card_public_key(card, 1, &key));
	TRY(card_jwk(key, &jwk));
	const enum err e = jwk_write(jwk, &json);

	jwk_free(&jwk);
	TRY(e);
	cli_json(c, "jwk", writer_span(&json));
	return ERR_OK;
}

static enum err
show_jwk(struct cli *c)
{
	struct card *card;

	REQUIRE_WHY(cli_value(c, "--token") != NULL, ERR_MALFORMED, "--jwk needs --token LABEL");
	TRY(card_open(cli_value(c, "--module"), cli_value(c, "--token"), NULL, &card));
	const enum err e = tell_jwk(c, card);

	card_free(&card);
	return e;
}

static int
run_show(struct cli *c)
{
	struct secret *pin = NULL;
	enum err e = ERR_OK;

	cli_begin(c);
	if (cli_flag(c, "--jwk"))
		return ended(c, show_jwk(c));
	if (cli_value(c, "--pin") != NULL && cli_value(c, "--token") != NULL)
		e = card_pin_for(c, "--pin", "PIN of the card", cli_value(c, "--module"), cli_value(c, "--token"),
			&pin);
	if (e == ERR_OK)
		e = card_token_tell(cli_value(c, "--module"), cli_value(c, "--token"), pin, c);
	secret_free(&pin);
	return ended(c, e);
}

/* ---- pin ---- */

static const struct cli_option pin_options[] = {
	CARD_OPTIONS,
	{"--new-pin", "PIN", "the new one, or file:PATH; asked twice if absent", NULL, false, false},
	{0},
};

/* Typed, it is typed twice: what nobody saw may be what nobody meant. */
static enum err
new_pin_of(struct cli *c, struct secret **out)
{
	struct secret *again = NULL;
	enum err e = card_pin_of(c, "--new-pin", "new PIN", out);

	if (e != ERR_OK || cli_value(c, "--new-pin") != NULL)
		return e;
	e = card_pin_of(c, "--new-pin", "new PIN again", &again);
	if (e == ERR_OK && !secret_equal(secret_span(*out), secret_span(again)))
		e = err_because(ERR_MISMATCH, "the two new PINs differ; nothing was tried");
	secret_free(&again);
	if (e != ERR_OK)
		secret_free(out);
	return e;
}

static int
run_pin(struct cli *c)
{
	struct secret *pin = NULL, *new_pin = NULL;
	enum err e;

	cli_begin(c);
	cli_text(c, "token", cli_value(c, "--token"));
	e = card_pin_for(c, "--pin", "old PIN", cli_value(c, "--module"), cli_value(c, "--token"), &pin);
	if (e == ERR_OK)
		e = new_pin_of(c, &new_pin);
	if (e == ERR_OK)
		e = card_token_pin(cli_value(c, "--module"), cli_value(c, "--token"), pin, new_pin);
	secret_free(&pin);
	secret_free(&new_pin);
	return ended(c, e);
}

/* ---- unblock ---- */

static const struct cli_option unblock_options[] = {
	{"--module", "PATH", "the card's PKCS#11 module", "MOHAR_CARD_MODULE", true, false},
	{"--token", "LABEL", "the card's token label", "MOHAR_CARD_TOKEN", true, false},
	{"--puk", "PUK", "the PUK of the PIN letter, or file:PATH: for cards that have one beside the officer's PIN",
		NULL, false, false},
	{"--so-pin", "PIN", "the security officer's PIN, or file:PATH; asked if neither is given", "MOHAR_CARD_SO_PIN",
		false, false},
	{"--new-pin", "PIN", "the new PIN, or file:PATH; asked twice if absent", NULL, false, false},
	{0},
};

static enum err
unblock(struct cli *c)
{
	const bool by_puk = cli_value(c, "--puk") != NULL;
	struct secret *proof = NULL, *new_pin = NULL;
	enum err e = by_puk ? card_pin_of(c, "--puk", "PUK", &proof)
			    : card_pin_of(c, "--so-pin", "security officer's PIN", &proof);

	if (e == ERR_OK)
		e = new_pin_of(c, &new_pin);
	if (e == ERR_OK)
		e = card_token_unblock(cli_value(c, "--module"), cli_value(c, "--token"), by_puk ? NULL : proof,
			by_puk ? proof : NULL, new_pin);
	secret_free(&proof);
	secret_free(&new_pin);
	return e;
}

static int
run_unblock(struct cli *c)
{
	cli_begin(c);
	cli_text(c, "token", cli_value(c, "--token"));
	const enum err e = unblock(c);

	if (e == ERR_OK)
		cli_text(c, "next", "the old PIN is void; its keys and certificates are as they were");
	return ended(c, e);
}

const struct cli_verb cli_card[] = {
	{"card", "init", NULL, "make a blank card ready: label and PINs", init_options, run_init},
	{"card", "key", NULL, "make a key on a card, without a certificate yet", key_options, run_key},
	{"card", "enrol", NULL, "keys on the card, requests, certificates from the authority, written back",
		card_enrol_options, card_enrol_run},
	{"card", "renew", NULL, "new keys and certificates in the place of those that end soon", card_renew_options,
		card_renew_run},
	{"card", "batch", "FILE", "personalise many cards, one after the other, from a list", card_batch_options,
		card_batch_run},
	{"card", "show", NULL, "what is on a card: keys, their attributes, certificates", show_options, run_show},
	{"card", "pin", NULL, "change the PIN", pin_options, run_pin},
	{"card", "unblock", NULL, "a new PIN for a card whose PIN is locked or forgotten", unblock_options,
		run_unblock},
	{0},
};
