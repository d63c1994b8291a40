/* card_enrol: a card gets its keys and certificates: each key made on it, request, registrar's order, certificate written back, the identity provider told, the CA's certificates beside.
 * Used by `mohar card enrol`, `renew` and `batch`. Every step looks first what is there: after an interruption anywhere the same command goes on, and no key gets a second certificate.
 * The two cards, the person's and the registrar's, are opened one after the other, never together. */
#ifndef MOHAR_CLI_CARD_ENROL_H
#define MOHAR_CLI_CARD_ENROL_H

#include "cli/card/counter.h"
#include "cli/card/role.h"
#include "cli/cli.h"

extern const struct cli_option card_enrol_options[];

struct enrolment {
	struct counter counter;
	struct card_place card;
	struct card_place
		signing; /* where the signature key is, on a card that shows each PIN as a token of its own; else as card */
	struct holder holder; /* owned */
};

/* What became of one key. */
struct enrolled_key {
	uint8_t id;
	bool made;         /* the key: now */
	const char *state; /* "written now", "given before, written now", "there already" */
	X509 *certificate; /* owned */
};
struct enrolled {
	struct enrolled_key keys[MAX_CARD_ROLES];
	size_t count;
	const char *chain; /* "written", or why not */
};
void enrolled_free(struct enrolled *e);

/* One key with CKA_ID id under the role's profile: made unless there, certified unless it is, and seen to sign. The caller frees out->certificate, on errors too. ERR_EXISTS: its
 * certificate is another person's. ERR_REFUSED: the key is weak, or the authority says no. */
MUST_USE enum err enrol_key(const struct enrolment *n, const struct card_role *role, uint8_t id,
	struct enrolled_key *out);
/* The whole card. The caller frees with enrolled_free, on errors too. */
MUST_USE enum err enrol_card(const struct enrolment *n, const struct card_roles *roles, struct enrolled *out);
/* Where the key with that number is. */
const struct card_place *enrol_place(const struct enrolment *n, uint8_t id);

/* The options of enrolment that renewal shares: places and PINs (each asked once, owned by pins), services. */
struct enrolment_pins {
	struct secret *card, *signing, *registrar;
};
MUST_USE enum err enrolment_of(struct cli *c, struct enrolment *n, struct enrolment_pins *pins);
void enrolment_free(struct enrolment *n, struct enrolment_pins *pins);
/* Tells the keys: number, name, certificate, days. */
void enrolled_tell(struct cli *c, const struct enrolled *e);

int card_enrol_run(struct cli *c);

/* The number of an --id option: 1 to 4, 1 if absent. ERR_MALFORMED. */
MUST_USE enum err card_id_of(const struct cli *c, uint8_t *out);

#endif
