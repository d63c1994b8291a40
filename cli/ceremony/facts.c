#include "cli/ceremony/facts.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "json/json.h"
#include "x509/der.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_WHOLE = 17 << 20, MAX_LINE = 600, COLUMN = 14 };

/* A fact's line: as the summary has it, so that "is it there?" is a search. */
static void
fact(struct writer *w, const char *name, const char *value)
{
	writer_format(w, "  %-*s %s\n", COLUMN, name, value);
}

static void
fact_hex(struct writer *w, const char *name, struct span bytes)
{
	AUTO(writer) hex = writer_new(MAX_LINE);

	hex_write(&hex, bytes);
	fact(w, name, (const char *)writer_span(&hex).ptr);
}

static enum err
fact_time(struct writer *w, const char *name, const ASN1_TIME *at)
{
	struct tm tm = {0};
	char text[64];

	REQUIRE_WHY(ASN1_TIME_to_tm(at, &tm) == 1, ERR_MALFORMED, "RFC 5280 4.1.2.5: not a time");
	REQUIRE(strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) > 0, ERR_MALFORMED);
	fact(w, name, text);
	return ERR_OK;
}

static bool
is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e || text.ptr[i] == '\\')
			return false;
	return text.len > 0 && text.ptr[0] != ' ' && text.ptr[text.len - 1] != ' ';
}

/* Attributes in plain ASCII; how others are escaped is for one program only to say. */
static void
fact_name(struct writer *w, const char *what, const X509_NAME *name)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		const ASN1_STRING *value = X509_NAME_ENTRY_get_data(e);
		const struct span text = span_at(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
		const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(e));
		char line[MAX_LINE];

		if (nid == NID_undef || !is_plain(text) || text.len > 256)
			continue;
		(void)snprintf(line, sizeof(line), "%s = %.*s", OBJ_nid2sn(nid), (int)text.len, (const char *)text.ptr);
		fact(w, i == 0 ? what : "", line);
	}
}

/* What is to be signed, made whole with an algorithm and a signature that are none: libcrypto reads only whole things. */
static enum err
enclose(struct span tbs, struct writer *w)
{
	static const uint8_t end[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03, 0x03,
		0x02, 0x00, 0x00};
	const size_t len = tbs.len + sizeof(end);

	REQUIRE(len <= 0xffffff, ERR_TOO_LONG);
	writer_u8(w, 0x30);
	writer_u8(w, 0x83);
	writer_u8(w, (uint8_t)(len >> 16));
	writer_u16(w, (uint16_t)len);
	writer_bytes(w, tbs);
	writer_bytes(w, span_at(end, sizeof(end)));
	return writer_done(w);
}

static void
fact_integer(struct writer *w, const char *name, const ASN1_INTEGER *n)
{
	if (n != NULL)
		fact_hex(w, name, span_at(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)));
}

static enum err
certificate_facts(const X509 *x, struct writer *w)
{
	unsigned char *der = NULL;
	const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	struct sha256 hash;

	CRYPTO_OK(len > 0, "the public key");
	hash = sha256_of(span_at(der, (size_t)len));
	OPENSSL_free(der);
	fact_name(w, "subject", X509_get_subject_name(x));
	fact_name(w, "issuer", X509_get_issuer_name(x));
	fact_integer(w, "serial", X509_get0_serialNumber(x));
	TRY(fact_time(w, "valid from", X509_get0_notBefore(x)));
	TRY(fact_time(w, "valid until", X509_get0_notAfter(x)));
	fact_hex(w, "key SHA-256", sha256_span(&hash));
	return ERR_OK;
}

static enum err
list_facts(X509_CRL *crl, struct writer *w)
{
	OWN(ASN1_INTEGER) number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	const int count = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));
	char text[16];

	fact_name(w, "issuer", X509_CRL_get_issuer(crl));
	fact_integer(w, "number", number);
	TRY(fact_time(w, "from", X509_CRL_get0_lastUpdate(crl)));
	TRY(fact_time(w, "next by", X509_CRL_get0_nextUpdate(crl)));
	(void)snprintf(text, sizeof(text), "%d", count < 0 ? 0 : count);
	fact(w, "revoked", text);
	return ERR_OK;
}

static enum err
sign_facts(const char *label, struct span object, struct writer *w)
{
	AUTO(writer) whole = writer_new(MAX_WHOLE);
	const struct sha256 hash = sha256_of(object);
	OWN(X509) x = NULL;
	OWN(X509_CRL) crl = NULL;
	const unsigned char *at;

	(void)label;
	TRY(enclose(object, &whole));
	at = whole.ptr;
	x = d2i_X509(NULL, &at, (long)whole.len);
	if (x != NULL && at == whole.ptr + whole.len) {
		TRY(certificate_facts(x, w));
	} else {
		at = whole.ptr;
		crl = d2i_X509_CRL(NULL, &at, (long)whole.len);
		REQUIRE_WHY(crl != NULL && at == whole.ptr + whole.len, ERR_MALFORMED,
			"what is to be signed is neither a certificate nor a list");
		TRY(list_facts(crl, w));
	}
	fact_hex(w, "bytes SHA-256", sha256_span(&hash));
	return ERR_OK;
}

static enum err
policy_facts(const char *label, struct span object, struct writer *w)
{
	const struct sha256 hash = sha256_of(object);

	(void)label;
	fact_hex(w, "to SHA-256", sha256_span(&hash));
	return ERR_OK;
}

static enum err
delete_facts(const char *label, struct span object, struct writer *w)
{
	(void)object;
	writer_format(w, "DESTROY KEY '%s' ", label);
	return ERR_OK;
}

static enum err
generate_facts(const char *label, struct span object, struct writer *w)
{
	(void)object;
	writer_format(w, "MAKE KEY '%s' ", label);
	return ERR_OK;
}

/* "journal=LINES:HASH token=LINES:HASH …": the hashes stand in lines of their own. */
static enum err
restore_facts(const char *label, struct span object, struct writer *w)
{
	(void)label;
	for (size_t i = 0; i + 64 <= object.len; i++)
		if (i > 0 && object.ptr[i - 1] == ':') {
			writer_format(w, "%*s %.64s\n", COLUMN + 2, "", (const char *)object.ptr + i);
			i += 64;
		}
	return ERR_OK;
}

static const struct {
	const char *kind, *title; /* title: how the summary begins, and before its first line's end */
	bool labelled;
	enum err (*facts)(const char *label, struct span object, struct writer *w);
} kinds[] = {
	{"sign", "SIGN A", true, sign_facts},
	{"policy", "CHANGE THE POLICY", false, policy_facts},
	{"generate", "MAKE KEY", true, generate_facts},
	{"delete", "DESTROY KEY", true, delete_facts},
	{"restore", "GO ON", false, restore_facts},
};

enum err
facts_write(const char *kind, const char *label, struct span object, struct writer *w)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, kind) == 0) {
			REQUIRE_WHY(!kinds[i].labelled || label != NULL, ERR_MALFORMED,
				"a proposal '%s' is about a key: name it", kind);
			TRY(kinds[i].facts(label, object, w));
			return writer_done(w);
		}
	return err_because(ERR_UNSUPPORTED, "custodians decide: sign, generate, policy, delete, restore; not '%.32s'",
		kind);
}

static enum err
title_agrees(const char *kind, const char *label, const char *summary)
{
	const size_t line = strcspn(summary, "\n");
	char key[MAX_LINE];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].kind, kind) != 0)
			continue;
		REQUIRE_WHY(strncmp(summary, kinds[i].title, strlen(kinds[i].title)) == 0, ERR_MISMATCH,
			"mohar-hsmd's summary is not of a proposal '%s'", kind);
		(void)snprintf(key, sizeof(key), kinds[i].facts == sign_facts ? " with key '%s'" : " '%s' ",
			kinds[i].labelled ? label : "");
		if (kinds[i].labelled) {
			const char *at = strstr(summary, key);

			REQUIRE_WHY(at != NULL && (size_t)(at - summary) < line, ERR_MISMATCH,
				"mohar-hsmd's summary is not about key '%s'", label);
		}
	}
	return ERR_OK;
}

enum err
facts_agree(const char *kind, const char *label, struct span object, const char *summary)
{
	AUTO(writer) facts = writer_new(MAX_FACTS);
	const char *line;

	TRY(facts_write(kind, label, object, &facts));
	TRY(title_agrees(kind, label, summary));
	line = (const char *)writer_span(&facts).ptr;
	while (*line != '\0') {
		const size_t len = strcspn(line, "\n") + (strchr(line, '\n') != NULL ? 1 : 0);
		char one[MAX_LINE];

		REQUIRE(len < sizeof(one), ERR_TOO_LONG);
		memcpy(one, line, len);
		one[len] = '\0';
		REQUIRE_WHY(strstr(summary, one) != NULL, ERR_MISMATCH,
			"mohar-hsmd's summary does not say what the bytes say here: %s", one);
		line += len;
	}
	return ERR_OK;
}
