#include "ca/cmp/answer.h"

#include <string.h>
#include <time.h>

#include "x509/der.h"

enum {
	DER_BIT_STRING = 0x03,
	DER_NULL = 0x05,
	DER_UTF8 = 0x0c,
	DER_GENERALIZED_TIME = 0x18,
	DER_DIRECTORY_NAME = 0xa4,
	PKISTATUS_ACCEPTED = 0,
	PKISTATUS_REJECTION = 2,
	FAIL_BITS = 27,
	MAX_PIECE = 192 << 10,
};
#define CONTEXT(n) ((uint8_t)(0xa0 | (n)))

void
cmp_der(struct writer *w, uint8_t tag, struct span contents)
{
	writer_u8(w, tag);
	if (contents.len < 0x80) {
		writer_u8(w, (uint8_t)contents.len);
	} else if (contents.len < 0x100) {
		writer_u8(w, 0x81);
		writer_u8(w, (uint8_t)contents.len);
	} else if (contents.len < 0x10000) {
		writer_u8(w, 0x82);
		writer_u16(w, (uint16_t)contents.len);
	} else {
		writer_u8(w, 0x84);
		writer_u32(w, (uint32_t)contents.len);
	}
	writer_bytes(w, contents);
}

/* Small and not negative. */
void
cmp_der_int(struct writer *w, int64_t n)
{
	uint8_t bytes[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	size_t skip = 0;

	while (skip < 3 && bytes[skip] == 0 && bytes[skip + 1] < 0x80)
		skip++;
	cmp_der(w, DER_INTEGER, span_at(bytes + skip, sizeof(bytes) - skip));
}

/* [n] EXPLICIT of one element. */
static void
tagged(struct writer *w, unsigned n, uint8_t tag, struct span contents)
{
	AUTO(writer) in = writer_new(MAX_PIECE);

	cmp_der(&in, tag, contents);
	cmp_der(w, CONTEXT(n), writer_span(&in));
}

static void
free_text(struct writer *w, const char *text)
{
	AUTO(writer) in = writer_new(MAX_PIECE);

	cmp_der(&in, DER_UTF8, span_of(text));
	cmp_der(w, DER_SEQUENCE, writer_span(&in));
}

/* A named bit list: trailing zero bits are left out (X.690 11.2.2). */
static void
fail_info(struct writer *w, enum cmp_fail fail)
{
	const unsigned bit = (unsigned)fail, byte = bit / 8;
	uint8_t bits[1 + FAIL_BITS / 8 + 1] = {(uint8_t)(7 - bit % 8)};

	bits[1 + byte] = (uint8_t)(0x80 >> (bit % 8));
	cmp_der(w, DER_BIT_STRING, span_at(bits, 2 + byte));
}

void
cmp_status(struct writer *w, enum cmp_fail fail, const char *why)
{
	AUTO(writer) in = writer_new(MAX_PIECE);

	cmp_der_int(&in, fail == CMP_OK ? PKISTATUS_ACCEPTED : PKISTATUS_REJECTION);
	if (fail != CMP_OK) {
		free_text(&in, why);
		fail_info(&in, fail);
	}
	cmp_der(w, DER_SEQUENCE, writer_span(&in));
}

enum err
cmp_certified_write(const struct cmp_certified *a, struct writer *w)
{
	AUTO(writer) response = writer_new(MAX_PIECE);
	AUTO(writer) choice = writer_new(MAX_PIECE);
	AUTO(writer) list = writer_new(MAX_PIECE);
	AUTO(writer) all = writer_new(MAX_PIECE);

	writer_bytes(&response, a->request_id);
	cmp_status(&response, a->fail, a->why);
	if (a->certificate.len > 0) {
		cmp_der(&choice, CONTEXT(0), a->certificate);
		cmp_der(&response, DER_SEQUENCE, writer_span(&choice));
	}
	cmp_der(&list, DER_SEQUENCE, writer_span(&response));
	if (a->ca_pubs.len > 0)
		tagged(&all, 1, DER_SEQUENCE, a->ca_pubs);
	cmp_der(&all, DER_SEQUENCE, writer_span(&list));
	cmp_der(w, DER_SEQUENCE, writer_span(&all));
	TRY(writer_done(&all));
	return writer_done(w);
}

enum err
cmp_revoked_write(enum cmp_fail fail, const char *why, struct writer *w)
{
	AUTO(writer) status = writer_new(MAX_PIECE);
	AUTO(writer) all = writer_new(MAX_PIECE);

	cmp_status(&status, fail, why);
	cmp_der(&all, DER_SEQUENCE, writer_span(&status));
	cmp_der(w, DER_SEQUENCE, writer_span(&all));
	return writer_done(w);
}

enum err
cmp_error_write(enum cmp_fail fail, const char *why, struct writer *w)
{
	AUTO(writer) status = writer_new(MAX_PIECE);

	cmp_status(&status, fail, why);
	cmp_der(w, DER_SEQUENCE, writer_span(&status));
	return writer_done(w);
}

enum err
cmp_confirmed_write(struct writer *w)
{
	cmp_der(w, DER_NULL, (struct span){0});
	return writer_done(w);
}

static void
message_time(struct writer *w, unix_time at)
{
	const time_t t = at;
	struct tm tm;
	char text[32];

	(void)gmtime_r(&t, &tm);
	(void)strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm);
	tagged(w, 0, DER_GENERALIZED_TIME, span_of(text));
}

static void
header(const struct cmp_answer *a, struct span alg, struct writer *w)
{
	/* SEQUENCE { id-it-implicitConfirm, NULL } */
	static const uint8_t implicit[] = {0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x04, 0x0d, 0x05,
		0x00};
	/* a NULL-DN where nobody is known */
	static const uint8_t nobody[] = {DER_DIRECTORY_NAME, 0x02, 0x30, 0x00};
	AUTO(writer) in = writer_new(MAX_PIECE);
	const struct cmp_message *q = a->request;

	cmp_der_int(&in, 2);
	cmp_der(&in, DER_DIRECTORY_NAME, a->sender);
	writer_bytes(&in, q->sender.len > 0 ? q->sender : span_at(nobody, sizeof(nobody)));
	message_time(&in, a->at);
	cmp_der(&in, CONTEXT(1), alg);
	if (a->kid.len > 0)
		tagged(&in, 2, DER_OCTET_STRING, a->kid);
	if (q->transaction_id.len > 0)
		tagged(&in, 4, DER_OCTET_STRING, q->transaction_id);
	tagged(&in, 5, DER_OCTET_STRING, span_at(a->nonce, CMP_NONCE_LEN));
	if (q->sender_nonce.len > 0)
		tagged(&in, 6, DER_OCTET_STRING, q->sender_nonce);
	if (a->implicit_confirm)
		tagged(&in, 8, DER_SEQUENCE, span_at(implicit, sizeof(implicit)));
	cmp_der(w, DER_SEQUENCE, writer_span(&in));
}

void
cmp_protected_part(struct span head, struct span body, struct writer *w)
{
	AUTO(writer) in = writer_new(MAX_CMP_ANSWER);

	writer_bytes(&in, head);
	writer_bytes(&in, body);
	cmp_der(w, DER_SEQUENCE, writer_span(&in));
}

static enum err
protect(const struct cmp_answer *a, struct span alg, struct span head, struct span body, struct writer *bits)
{
	AUTO(writer) part = writer_new(MAX_CMP_ANSWER);

	cmp_protected_part(head, body, &part);
	TRY(writer_done(&part));
	writer_u8(bits, 0); /* no unused bits */
	return a->protection == CMP_SIGNED ? cmp_signature_make(a->key, writer_span(&part), bits)
					   : cmp_mac_make(alg, a->secret, writer_span(&part), bits);
}

enum err
cmp_answer_write(const struct cmp_answer *a, struct writer *w)
{
	AUTO(writer) alg = writer_new(1024);
	AUTO(writer) head = writer_new(MAX_PIECE);
	AUTO(writer) body = writer_new(MAX_PIECE);
	AUTO(writer) bits = writer_new(4096);
	AUTO(writer) all = writer_new(MAX_CMP_ANSWER);

	TRY(a->protection == CMP_SIGNED ? cmp_signature_alg(a->key, &alg) : cmp_mac_alg(a->protection, &alg));
	header(a, writer_span(&alg), &head);
	cmp_der(&body, (uint8_t)CONTEXT(a->type), a->body);
	TRY(writer_done(&head));
	TRY(writer_done(&body));
	TRY(protect(a, writer_span(&alg), writer_span(&head), writer_span(&body), &bits));
	writer_bytes(&all, writer_span(&head));
	writer_bytes(&all, writer_span(&body));
	tagged(&all, 0, DER_BIT_STRING, writer_span(&bits));
	if (a->extra_certs.len > 0)
		tagged(&all, 1, DER_SEQUENCE, a->extra_certs);
	cmp_der(w, DER_SEQUENCE, writer_span(&all));
	TRY(writer_done(&all));
	return writer_done(w);
}
