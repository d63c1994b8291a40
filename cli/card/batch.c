#include "cli/card/batch.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/card/batch_list.h"
#include "cli/card/enrol.h"
#include "cli/card/letter.h"
#include "cli/card/module.h"
#include "cli/card/pin.h"
#include "cli/card/token.h"
#include "cli/order.h"
#include "x509/x509.h"

enum { DEFAULT_WAIT = 120, MAX_WAIT = 24 * 60 * 60, POLL_MS = 300, BAR = 24, TOKEN_SERIAL_TEXT = 17 };

const struct cli_option card_batch_options[] = {
	{"--module", "PATH", "the cards' PKCS#11 module", "MOHAR_CARD_MODULE", true, false},
	{"--report", "OUT", "what became of each card, as JSON, and OUT.txt for people; read at the start, to go on",
		NULL, true, false},
	{"--letters", "DIR", "draw each card's PIN and PUK at random, and write its PIN letter there", NULL, false,
		false},
	{"--pin", "PIN", "without --letters: the transport PIN of all, or file:PATH; asked if absent", NULL, false,
		false},
	{"--so-pin", "PIN", "without --letters: the security officer's PIN of all, or file:PATH", "MOHAR_CARD_SO_PIN",
		false, false},
	{"--wait", "SECONDS", "how long to wait for each card (default 120)", NULL, false, false},
	{"--registrar-module", "PATH", "module of the card that orders (default: --module)", "MOHAR_REGISTRAR_MODULE",
		false, false},
	{"--registrar-token", "LABEL", "the card that orders: a registrar's, in a reader of its own",
		"MOHAR_REGISTRAR_TOKEN", true, false},
	{"--registrar-pin", "PIN", "its PIN, or file:PATH; asked if absent", "MOHAR_REGISTRAR_PIN", false, false},
	{"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", true, false},
	{"--issuer", "URL", "the identity provider", "MOHAR_ISSUER", true, false},
	ORDER_TLS_OPTION,
	{0},
};

struct batch {
	struct cli *c;
	struct batch_list list;
	const char *module, *report, *letters;
	struct counter counter;
	struct secret *registrar_pin, *pin, *so_pin;
	int64_t wait;
	int64_t spent; /* milliseconds, on the cards made in this run */
	size_t made;
};

static int64_t
milliseconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the bar ---- */

/* On a terminal only; one line that is written over. */
static void
show_bar(const struct batch *b)
{
	const size_t all = b->list.cards.count, done = batch_count(&b->list, "done"),
		     failed = batch_count(&b->list, "failed"), left = all - done - failed;
	const size_t full = all > 0 ? (done + failed) * BAR / all : 0;

	if (isatty(STDERR_FILENO) == 0 || cli_is_json(b->c))
		return;
	(void)fputs("\r[", stderr);
	for (size_t i = 0; i < BAR; i++)
		(void)fputc(i < full ? '#' : '.', stderr);
	(void)fprintf(stderr, "] %zu of %zu done", done, all);
	if (failed > 0)
		(void)fprintf(stderr, ", %zu FAILED", failed);
	if (b->made > 0 && left > 0)
		(void)fprintf(stderr, ", about %" PRId64 " min left",
			b->spent / (int64_t)b->made * (int64_t)left / 60000 + 1);
	(void)fputs("\033[K\n", stderr);
}

/* ---- waiting for a card ---- */

/* A blank one, or the one of this label that an interruption left half made. */
static bool
is_wanted(const struct card_module *m, CK_SLOT_ID slot, const char *label)
{
	char name[CARD_LABEL_LEN + 1];
	CK_TOKEN_INFO info;

	if (card_module_calls(m)->C_GetTokenInfo(slot, &info) != CKR_OK)
		return false;
	card_module_trim(info.label, sizeof(info.label), name);
	return (info.flags & CKF_TOKEN_INITIALIZED) == 0 || strcmp(name, label) == 0;
}

/* Asked again and again: C_WaitForSlotEvent is what several modules do not have. */
static enum err
await_in(const struct batch *b, const struct card_module *m, const char *label)
{
	const int64_t until = milliseconds() + b->wait * 1000;
	bool said = false;

	for (;;) {
		CK_SLOT_ID slots[MAX_CARD_SLOTS];
		CK_ULONG count = 0;

		/* With NULL the module looks at its readers anew (PKCS#11 2.40 5.5, C_GetSlotList). */
		TRY(card_module_result(card_module_calls(m)->C_GetSlotList(CK_TRUE, NULL, &count), "C_GetSlotList"));
		TRY(card_module_slots(m, slots, &count));
		for (CK_ULONG i = 0; i < count; i++)
			if (is_wanted(m, slots[i], label))
				return ERR_OK;
		if (!said)
			cli_progress(b->c, "Take out the card, write '%s' on it if it is made, and put in a BLANK one",
				label);
		said = true;
		REQUIRE_WHY(milliseconds() < until, ERR_UNAVAILABLE,
			"no blank card came within %lld s; run the same command again to go on", (long long)b->wait);
		(void)poll(NULL, 0, POLL_MS);
	}
}

static enum err
await_card(const struct batch *b, const char *label)
{
	struct card_module *m;

	TRY(card_module_open(b->module, &m));
	const enum err e = await_in(b, m, label);

	card_module_free(&m);
	return e;
}

/* ---- one card ---- */

/* Made ready before, by the run that was interrupted. */
static enum err
make_ready(const struct batch *b, const struct batch_card *card, const struct secret *so_pin, const struct secret *pin)
{
	char serial[TOKEN_SERIAL_TEXT];
	const enum err e = card_token_init(b->module, card->label, so_pin, pin, serial);

	if (e != ERR_EXISTS || strcmp(card->state, "waiting") == 0)
		return e;
	err_forget();
	return ERR_OK;
}

static enum err
take_serials(struct batch_card *card, const struct enrolled *done)
{
	char **serials = calloc(done->count, sizeof(*serials));
	char text[2 * 20 + 1];

	REQUIRE(serials != NULL, ERR_NO_MEMORY);
	for (size_t i = 0; i < card->serials.count; i++)
		free(((char **)card->serials.items)[i]);
	free(card->serials.items);
	card->serials = (struct json_list){serials, done->count};
	for (size_t i = 0; i < done->count; i++) {
		TRY(certificate_serial_hex(done->keys[i].certificate, text));
		serials[i] = strdup(text);
		REQUIRE(serials[i] != NULL, ERR_NO_MEMORY);
	}
	return ERR_OK;
}

static enum err
enrol(struct enrolment *n, struct batch_card *card)
{
	struct enrolled done = {0};
	struct card_roles roles;

	TRY(card_roles_named(card->profiles, &roles));
	n->signing = n->card;
	enum err e = enrol_card(n, &roles, &done);

	if (e == ERR_OK)
		e = take_serials(card, &done);
	enrolled_free(&done);
	return e;
}

static enum err
personalise(const struct batch *b, struct batch_card *card, struct enrolment *n, const struct secret *so_pin,
	const struct secret *pin)
{
	n->card = (struct card_place){b->module, card->label, pin};
	/* Before a card is spent on somebody whom the registry does not know. */
	TRY(counter_holder(&n->counter, card->handle, NULL, &n->holder));
	TRY(await_card(b, card->label));
	TRY(make_ready(b, card, so_pin, pin));
	TRY(batch_card_is(card, "begun", NULL));
	TRY(batch_report_write(b->report, &b->list));
	return enrol(n, card);
}

static enum err
one_card(const struct batch *b, struct batch_card *card)
{
	struct enrolment n = {.counter = b->counter};
	struct letter letter = {0};
	enum err e = ERR_OK;

	if (b->letters != NULL)
		e = letter_of(b->letters, card->label, card->handle, &letter);
	if (e == ERR_OK)
		e = personalise(b, card, &n, b->letters != NULL ? letter.puk : b->so_pin,
			b->letters != NULL ? letter.pin : b->pin);
	holder_free(&n.holder);
	letter_free(&letter);
	return e;
}

/* ---- all of them ---- */

/* What would fail with every card ends the run; the card is tried again by the next. */
static bool
ends_the_run(enum err e)
{
	return e == ERR_UNAVAILABLE || e == ERR_UNAUTHENTICATED || e == ERR_IO || e == ERR_NO_MEMORY;
}

static enum err
next_card(struct batch *b, struct batch_card *card)
{
	const int64_t began = milliseconds();
	char why[256] = "";
	bool was_begun = strcmp(card->state, "waiting") != 0;

	cli_progress(b->c, "%s for %s", card->label, card->handle);
	enum err e = one_card(b, card);

	(void)snprintf(why, sizeof(why), "%s", e == ERR_OK ? "" : err_why()[0] != '\0' ? err_why() : err_text(e));
	err_forget();
	card->milliseconds += milliseconds() - began;
	was_begun = was_begun || strcmp(card->state, "begun") == 0;
	if (e == ERR_OK)
		TRY(batch_card_is(card, "done", NULL));
	else
		TRY(batch_card_is(card, !ends_the_run(e) ? "failed" : was_begun ? "begun" : "waiting", why));
	TRY(batch_report_write(b->report, &b->list));
	b->spent += milliseconds() - began;
	b->made++;
	show_bar(b);
	REQUIRE_WHY(!ends_the_run(e), e, "%s: %s; run the same command again to go on", card->label, why);
	return ERR_OK;
}

static enum err
all_cards(struct batch *b)
{
	for (size_t i = 0; i < b->list.cards.count; i++)
		if (strcmp(batch_card_at(&b->list, i)->state, "done") != 0)
			TRY(next_card(b, batch_card_at(&b->list, i)));
	return ERR_OK;
}

/* ---- the verb ---- */

static enum err
wait_of(struct cli *c, int64_t *out)
{
	const char *text = cli_value(c, "--wait");
	char *end = NULL;

	*out = text != NULL ? strtol(text, &end, 10) : DEFAULT_WAIT;
	REQUIRE_WHY(text == NULL || (end != text && *end == '\0' && *out >= 0 && *out <= MAX_WAIT), ERR_MALFORMED,
		"--wait is a number of seconds, not '%s'", text);
	return ERR_OK;
}

static enum err
pins_of(struct cli *c, struct batch *b)
{
	const char *registrar = cli_value(c, "--registrar-module");

	b->counter.registrar =
		(struct card_place){registrar != NULL ? registrar : b->module, cli_value(c, "--registrar-token"), NULL};
	if (b->letters == NULL) {
		TRY(card_pin_of(c, "--so-pin", "security officer's PIN of all cards", &b->so_pin));
		TRY(card_pin_of(c, "--pin", "transport PIN of all cards", &b->pin));
	} else {
		REQUIRE_WHY(cli_value(c, "--pin") == NULL, ERR_MALFORMED,
			"--letters draws each card's PIN: leave out --pin");
		REQUIRE_WHY(access(b->letters, W_OK | X_OK) == 0, ERR_NOT_FOUND,
			"%s: the folder for PIN letters is not there, or not ours", b->letters);
	}
	TRY(card_pin_for(c, "--registrar-pin", "PIN of the registrar's card", b->counter.registrar.module,
		b->counter.registrar.token, &b->registrar_pin));
	b->counter.registrar.pin = b->registrar_pin;
	return ERR_OK;
}

static void
tell(struct cli *c, const struct batch *b)
{
	cli_int(c, "cards", (int64_t)b->list.cards.count);
	cli_int(c, "done", (int64_t)batch_count(&b->list, "done"));
	for (size_t i = 0; i < b->list.cards.count; i++) {
		const struct batch_card *card = batch_card_at(&b->list, i);

		if (strcmp(card->state, "done") == 0)
			continue;
		cli_item(c, "open");
		cli_text(c, "label", card->label);
		cli_text(c, "handle", card->handle);
		cli_text(c, "state", card->state);
		cli_text(c, "reason", card->reason != NULL ? card->reason : "");
		cli_item_end(c);
	}
	cli_text(c, "report", b->report);
	cli_text(c, "letters", b->letters);
}

static enum err
run(struct cli *c, struct batch *b)
{
	TRY(wait_of(c, &b->wait));
	TRY(batch_list_read(cli_file(c, 0), &b->list));
	TRY(batch_report_read(b->report, &b->list));
	TRY(pins_of(c, b));
	TRY(batch_report_write(b->report,
		&b->list)); /* before the first card: a report that cannot be written is found now */
	const enum err e = all_cards(b);

	tell(c, b);
	TRY(e);
	const size_t failed = batch_count(&b->list, "failed");

	REQUIRE_WHY(failed == 0, ERR_REFUSED,
		"%zu of %zu cards failed, for the reasons above; run the same command again for those", failed,
		b->list.cards.count);
	return ERR_OK;
}

int
card_batch_run(struct cli *c)
{
	struct batch b = {.c = c,
		.module = cli_value(c, "--module"),
		.report = cli_value(c, "--report"),
		.letters = cli_value(c, "--letters"),
		.counter = {.c = c, .ca_url = cli_value(c, "--ca-url"), .issuer = cli_value(c, "--issuer")}};

	cli_begin(c);
	const enum err e = run(c, &b);

	batch_list_free(&b.list);
	secret_free(&b.registrar_pin);
	secret_free(&b.pin);
	secret_free(&b.so_pin);
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}
