/* What CMP takes from devices: PKIMessages. The first byte chooses what is done with the rest: an M, a message as it comes; an S, one whose body is read whatever its type, and whose MAC is made
 * right before it is checked; a P, parameters of a MAC. What is read lies within what came, and only what is right verifies. */
/* covers: ca/cmp/message.c ca/cmp/template.c */
#include <stdint.h>
#include <string.h>

#include <openssl/x509.h>

#include "ca/cmp/answer.h"
#include "ca/cmp/cmp.h"
#include "ca/cmp/message.h"
#include "ca/cmp/protect.h"
#include "ca/device/asked.h"
#include "tests/fuzz/country.h"

static const char secret[] = "0123456789abcdef0123456789abcdef01234567";
static char cn[] = "CN", o[] = "O", name_of_profile[] = "fuzz";
static char *attributes[] = {o, cn};
static const struct profile profile = {.name = name_of_profile, .subject = {attributes, 2}};

static void
inside(struct span whole, struct span part)
{
	promise(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void
read_bodies(struct span body)
{
	AUTO(writer) csr = writer_new(MAX_CSR);
	struct cmp_request request;
	struct cmp_revocation revocation;
	struct cmp_confirmation confirmation;
	struct asked asked;

	(void)cmp_revocation_read(body, &revocation);
	(void)cmp_confirmation_read(body, &confirmation);
	if (cmp_request_read(body, &request) != CMP_OK)
		return;
	inside(body, request.signed_part);
	inside(body, request.key);
	(void)cmp_request_possession(&request);
	if (cmp_request_csr(&request, &csr) == CMP_OK &&
		asked_read_unsigned(writer_span(&csr), &profile, &asked) == ERR_OK)
		asked_free(&asked);
}

/* An answer to whatever came can be written, and is read again. */
static void
answer(const struct cmp_message *m)
{
	AUTO(writer) body = writer_new(1024);
	AUTO(writer) out = writer_new(MAX_CMP_ANSWER);
	static const uint8_t nobody[] = {0x30, 0x00};
	struct cmp_message back;

	promise(cmp_error_write(CMP_BAD_REQUEST, "no", &body) == ERR_OK);
	const struct cmp_answer a = {.request = m,
		.sender = span_at(nobody, sizeof(nobody)),
		.at = COUNTRY_NOW,
		.type = CMP_ERROR,
		.body = writer_span(&body),
		.protection = CMP_PBMAC1,
		.secret = SPAN(secret)};

	promise(cmp_answer_write(&a, &out) == ERR_OK);
	const enum cmp_fail f = cmp_message_read(writer_span(&out), &back);

	promise(f == CMP_OK || m->transaction_id.len == 0 || m->transaction_id.len > MAX_TRANSACTION_ID);
}

static void
judge(struct span der, bool mend)
{
	AUTO(writer) part = writer_new(1 << 20);
	AUTO(writer) mac = writer_new(MAX_MAC_LEN);
	struct cmp_message m;
	const enum cmp_fail f = cmp_message_read(der, &m);

	inside(der, m.transaction_id);
	inside(der, m.body);
	answer(&m);
	if (f != CMP_OK)
		return;
	for (size_t i = 0; i < m.extra_count; i++)
		inside(der, m.extra_certs[i]);
	cmp_protected_part(m.header_whole, m.body_whole, &part);
	const enum cmp_protection by = cmp_protection_of(m.protection_alg);

	if (mend && (by == CMP_PBM || by == CMP_PBMAC1) &&
		cmp_mac_check(m.protection_alg, SPAN(secret), writer_span(&part), SPAN("x")) == CMP_BAD_MESSAGE_CHECK) {
		promise(cmp_mac_make(m.protection_alg, SPAN(secret), writer_span(&part), &mac) == ERR_OK);
		promise(cmp_mac_check(m.protection_alg, SPAN(secret), writer_span(&part), writer_span(&mac)) == CMP_OK);
	}
	if (by == CMP_SIGNED && m.extra_count > 0) {
		X509 *x = NULL;

		if (certificate_parse(m.extra_certs[0], &x) == ERR_OK && X509_get0_pubkey(x) != NULL)
			(void)cmp_signature_check(m.protection_alg, X509_get0_pubkey(x), writer_span(&part),
				m.protection);
		X509_free(x);
	}
	read_bodies(m.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > MAX_CMP_BODY)
		return 0;
	const struct span rest = span_at(data + 1, size - 1);

	if (data[0] == 'M' || data[0] == 'S')
		judge(rest, data[0] == 'S');
	else if (data[0] == 'P' && cmp_protection_of(rest) != CMP_SIGNED)
		(void)cmp_mac_check(rest, SPAN(secret), SPAN("part"), SPAN("mac"));
	else if (data[0] == 'B')
		read_bodies(rest);
	return 0;
}
