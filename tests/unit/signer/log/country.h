/* country: a scratch database with three daemons' events and outboxes, and a key daemon in memory. Used by the tests of signer/log; they link with
 * -Wl,--wrap for keyring_sign and keyring_pubkey. */
#ifndef MOHAR_TEST_COUNTRY_H
#define MOHAR_TEST_COUNTRY_H

#include "signer/log/log.h"

extern const char origin[];
extern const char *const schemas[]; /* ca, idp, signer */
extern EVP_PKEY *key;               /* the log's */
/* The key daemon does not answer; answers a wrong signature; signs the public tree only. */
extern bool hsm_down, hsm_lies, hsm_refuses_private;

int country_setup(void **state);
int country_teardown(void **state);

/* The first column of the first row, or the server's error; kept until the next call. */
const char *ask(const char *sql);
int64_t ask_number(const char *sql);

/* The act of some daemon: its event, committed. */
struct uuid act(const char *schema, enum log_tree tree, const char *private_part);
/* count events of the certificate authority, in one transaction. */
void act_often(int count);

/* A log of role mohar_signerd. With interval_ms 0 it has no thread, and the test calls the sequencer's steps itself. */
struct tlog *open_log(int interval_ms);
/* Without a thread: sequences and signs all there is. */
void sequence_all(struct tlog *l);
/* With one: waits until the outboxes are empty and the newest checkpoint covers both trees. */
void wait_until_sequenced(struct tlog *l);

#define NEEDS_POSTGRES()                                 \
	if (scratch_conninfo() == NULL) {                \
		print_message("PostgreSQL not found\n"); \
		skip();                                  \
	}

#endif
