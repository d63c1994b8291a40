#include "cli/frame.h"

/* A room that is not built leaves its table out: the reference is weak, and the row then NULL. */
#pragma weak cli_verify
#pragma weak cli_verify_webauthn
#pragma weak cli_verify_jws
#pragma weak cli_verify_certificate
#pragma weak cli_ceremony
#pragma weak cli_card
#pragma weak cli_ca
#pragma weak cli_ca_queue
#pragma weak cli_ca_bulk
#pragma weak cli_device
#pragma weak cli_eab
#pragma weak cli_citizen
#pragma weak cli_client
#pragma weak cli_decision
#pragma weak cli_log
#pragma weak cli_policy
#pragma weak cli_status

static const struct cli_verb *const listed[] = {
	cli_verify,
	cli_verify_webauthn,
	cli_verify_jws,
	cli_verify_certificate,
	cli_decision,
	cli_citizen,
	cli_client,
	cli_card,
	cli_ca,
	cli_ca_queue,
	cli_ca_bulk,
	cli_device,
	cli_eab,
	cli_ceremony,
	cli_log,
	cli_policy,
	cli_status,
};

enum { LISTED = sizeof(listed) / sizeof(listed[0]) };

static const struct cli_verb *const *substitute;

void
cli_tables_use(const struct cli_verb *const *tables)
{
	substitute = tables;
}

const struct cli_verb *const *
cli_tables(void)
{
	static const struct cli_verb *linked[LISTED + 1];
	size_t count = 0;

	if (substitute != NULL)
		return substitute;
	for (size_t i = 0; i < LISTED; i++)
		if (listed[i] != NULL)
			linked[count++] = listed[i];
	linked[count] = NULL;
	return linked;
}

void
cli_each(void (*visit)(void *context, const struct cli_verb *verb), void *context)
{
	for (const struct cli_verb *const *table = cli_tables(); *table != NULL; table++)
		for (const struct cli_verb *verb = *table; verb->run != NULL; verb++)
			visit(context, verb);
}
