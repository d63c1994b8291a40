/* ask: what a compromised daemon could say to mohar-hsmd, for tests/flows/compromise. Whoever runs it is who asks (SO_PEERCRED).
 * Each line of standard input is one question, `OP LABEL OBJECT EVIDENCE`, the last two in hexadecimal and `-` for none; each line of
 * standard output its answer: the error's name, the result in hexadecimal or `-`, and the reason.
 *
 *   ask SOCKET
 *   ask --operations: their names, and whether each is about a key, from the wire's own table */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "keyring/frame.h"

enum { MAX_ASKED = 256 << 10 };

struct question {
	const char *label;
	struct span object, evidence;
};

static enum err
ask_status(struct keyring *k, const struct question *q, struct writer *result)
{
	(void)q;
	return keyring_status(k, result);
}

static enum err
ask_list(struct keyring *k, const struct question *q, struct writer *result)
{
	(void)q;
	return keyring_list(k, result);
}

static enum err
ask_pubkey(struct keyring *k, const struct question *q, struct writer *result)
{
	return keyring_pubkey(k, q->label, result);
}

static enum err
ask_generate(struct keyring *k, const struct question *q, struct writer *result)
{
	return keyring_generate(k, q->label, result);
}

static enum err
ask_sign(struct keyring *k, const struct question *q, struct writer *result)
{
	return keyring_sign(k, q->label, q->object, q->evidence, result);
}

static enum err
ask_mac(struct keyring *k, const struct question *q, struct writer *result)
{
	uint8_t mac[32] = {0};
	const enum err e = keyring_mac(k, q->label, q->object, mac);

	if (e == ERR_OK)
		writer_bytes(result, span_at(mac, sizeof(mac)));
	return e;
}

static enum err
ask_wrap(struct keyring *k, const struct question *q, struct writer *result)
{
	struct secret *data_key = NULL;
	const enum err e = keyring_wrap(k, q->label, result, &data_key);

	secret_free(&data_key);
	return e;
}

static enum err
ask_unwrap(struct keyring *k, const struct question *q, struct writer *result)
{
	struct secret *data_key = NULL;
	const enum err e = keyring_unwrap(k, q->label, q->object, &data_key);

	if (e == ERR_OK)
		writer_bytes(result, secret_span(data_key));
	secret_free(&data_key);
	return e;
}

static enum err
ask_random(struct keyring *k, const struct question *q, struct writer *result)
{
	uint8_t bytes[32] = {0};
	const enum err e = keyring_random(k, bytes, sizeof(bytes));

	(void)q;
	if (e == ERR_OK)
		writer_bytes(result, span_at(bytes, sizeof(bytes)));
	return e;
}

/* Nobody would be served with these fields: that they are looked at at all shows that the permit is passed. */
static const struct digests one_digest = {.bytes = {(const uint8_t *)"01234567890123456789012345678901", 32},
	.each = 32,
	.count = 1};
static const uint8_t nonce[HSM_NONCE_LEN];

static enum err
ask_challenge(struct keyring *k, const struct question *q, struct writer *result)
{
	uint8_t challenge[32] = {0}, got[HSM_NONCE_LEN];
	const enum err e = keyring_challenge(k, q->label, q->object, &one_digest, challenge, got);

	if (e == ERR_OK)
		writer_bytes(result, span_at(challenge, sizeof(challenge)));
	return e;
}

static enum err
ask_activate(struct keyring *k, const struct question *q, struct writer *result)
{
	return keyring_activate(k, q->label, q->object, &one_digest, nonce, SPAN("{}"), result);
}

static enum err
ask_retire(struct keyring *k, const struct question *q, struct writer *result)
{
	(void)result;
	return keyring_retire(k, q->label, q->object);
}

static enum err
ask_propose(struct keyring *k, const struct question *q, struct writer *result)
{
	struct hsm_proposal p;
	const enum err e = keyring_propose(k, "sign", q->label, q->object, SPAN(""), &p);

	if (e == ERR_OK)
		writer_bytes(result, span_at(p.id, sizeof(p.id)));
	return e;
}

static enum err
ask_approve(struct keyring *k, const struct question *q, struct writer *result)
{
	bool executed;
	int64_t missing;

	return keyring_approve(k, nonce, q->object, SPAN("x"), &executed, &missing, result);
}

static enum err
ask_metrics(struct keyring *k, const struct question *q, struct writer *result)
{
	(void)q;
	return keyring_metrics(k, result);
}

static const struct {
	const char *op;
	enum err (*ask)(struct keyring *k, const struct question *q, struct writer *result);
} asks[] = {
	{"STATUS", ask_status},
	{"LIST", ask_list},
	{"PUBKEY", ask_pubkey},
	{"GENERATE", ask_generate},
	{"SIGN", ask_sign},
	{"MAC", ask_mac},
	{"WRAP", ask_wrap},
	{"UNWRAP", ask_unwrap},
	{"RANDOM", ask_random},
	{"CHALLENGE", ask_challenge},
	{"ACTIVATE", ask_activate},
	{"RETIRE", ask_retire},
	{"PROPOSE", ask_propose},
	{"APPROVE", ask_approve},
	{"METRICS", ask_metrics},
};

static struct span
part(const char *hex, uint8_t *room)
{
	size_t len = 0;

	if (hex == NULL || strcmp(hex, "-") == 0)
		return (struct span){0};
	if (hex_read(span_of(hex), room, MAX_ASKED, &len) != ERR_OK) {
		fprintf(stderr, "ask: not hexadecimal: %s\n", err_why());
		exit(2);
	}
	return span_at(room, len);
}

static enum err
answer_line(struct keyring *k, char *line, struct writer *result)
{
	static uint8_t object[MAX_ASKED], evidence[MAX_ASKED];
	char *rest = NULL;
	const char *op = strtok_r(line, " \n", &rest);
	struct question q = {.label = strtok_r(NULL, " \n", &rest)};

	q.object = part(strtok_r(NULL, " \n", &rest), object);
	q.evidence = part(strtok_r(NULL, " \n", &rest), evidence);
	for (size_t i = 0; op != NULL && q.label != NULL && i < sizeof(asks) / sizeof(*asks); i++)
		if (strcmp(asks[i].op, op) == 0)
			return asks[i].ask(k, &q, result);
	return err_because(ERR_UNSUPPORTED, "ask: there is no such question");
}

static void
print(enum err e, const struct writer *result)
{
	const struct span bytes = writer_span(result);

	printf("%s ", err_name(e));
	for (size_t i = 0; i < bytes.len; i++)
		printf("%02x", bytes.ptr[i]);
	printf("%s %s\n", bytes.len == 0 ? "-" : "", err_why());
	fflush(stdout);
}

static int
operations_print(void)
{
#define X(name, number, demanded, allowed) printf("%s %d\n", #name, (((demanded) | (allowed)) & FIELD_BIT(LABEL)) != 0);
	OP_TABLE(X)
#undef X
	return 0;
}

int
main(int argc, char **argv)
{
	static char line[4 * MAX_ASKED];
	struct keyring *k;

	if (argc == 2 && strcmp(argv[1], "--operations") == 0)
		return operations_print();

	if (argc != 2 || keyring_open(argv[1], 1, &k) != ERR_OK) {
		fprintf(stderr, "usage: ask SOCKET\n");
		return 2;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		AUTO(writer) result = writer_new(MAX_ASKED);
		const enum err e = answer_line(k, line, &result);

		print(e, &result);
		err_forget();
	}
	keyring_free(&k);
	return 0;
}
