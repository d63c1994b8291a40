#include "verify/certificate_entry.h"

#include <string.h>
#include <time.h>

#include "base/encode.h"
#include "x509/own.h"
#include "x509/x509.h"

struct entry {
	char *type, *public_part;
};
static const struct json_row entry_rows[] = {
	{"type", JSON_TEXT, JSON_REQUIRED, offsetof(struct entry, type), 1, 64, NULL, 0},
	{"public", JSON_RAW, JSON_REQUIRED, offsetof(struct entry, public_part), 0, MAX_ENTRY, NULL, 0},
};
static const struct json_table entry_table = {"log entry", entry_rows, 2, sizeof(struct entry), true};

struct shown {
	char *serial, *not_before, *not_after;
	struct json_bytes spki_sha256;
};
#define SHOWN(member) offsetof(struct shown, member)
static const struct json_row shown_rows[] = {
	{"serial", JSON_TEXT, JSON_REQUIRED, SHOWN(serial), 1, 64, NULL, 0},
	{"not_before", JSON_TEXT, JSON_REQUIRED, SHOWN(not_before), 1, 32, NULL, 0},
	{"not_after", JSON_TEXT, JSON_REQUIRED, SHOWN(not_after), 1, 32, NULL, 0},
	{"spki_sha256", JSON_BYTES, JSON_REQUIRED, SHOWN(spki_sha256), SHA256_LEN, SHA256_LEN, NULL, 0},
};
static const struct json_table shown_table = {"log entry of a certificate", shown_rows, 4, sizeof(struct shown), true};

struct hidden {
	struct json_bytes certificate_sha256;
};
static const struct json_row hidden_rows[] = {
	{"certificate_sha256", JSON_BYTES, JSON_REQUIRED, offsetof(struct hidden, certificate_sha256), SHA256_LEN,
		SHA256_LEN, NULL, 0},
};
static const struct json_table hidden_table = {"private part of a certificate's entry", hidden_rows, 1,
	sizeof(struct hidden), true};

static bool
same_time(const ASN1_TIME *t, const char *text)
{
	struct tm tm;
	unix_time at;

	return time_read(span_of(text), &at) == ERR_OK && ASN1_TIME_to_tm(t, &tm) == 1 && timegm(&tm) == at;
}

static enum err
compare_shown(X509 *x, const struct shown *s)
{
	char serial[2 * 20 + 1];
	struct sha256 spki;

	TRY(certificate_serial_hex(x, serial));
	TRY(spki_hash(X509_get0_pubkey(x), &spki));
	REQUIRE_WHY(strcmp(serial, s->serial) == 0, ERR_MISMATCH, "the log's entry is about certificate %s, not %s",
		s->serial, serial);
	REQUIRE_WHY(span_equal(sha256_span(&spki), span_at(s->spki_sha256.ptr, s->spki_sha256.len)), ERR_MISMATCH,
		"the log's entry names another key");
	REQUIRE_WHY(same_time(X509_get0_notBefore(x), s->not_before) && same_time(X509_get0_notAfter(x), s->not_after),
		ERR_MISMATCH, "the log's entry names another validity: %s to %s", s->not_before, s->not_after);
	return ERR_OK;
}

static enum err
check_shown(X509 *x, const struct receipt *r)
{
	struct entry e;
	struct shown s;
	enum err error;

	TRY(json_decode(span_at(r->entry.ptr, r->entry.len), &entry_table, &e));
	error = strcmp(e.type, "certificate.issued") == 0
		? json_decode(span_of(e.public_part), &shown_table, &s)
		: err_because(ERR_MISMATCH, "the log's entry is a %s, no certificate's", e.type);
	json_free(&entry_table, &e);
	TRY(error);
	error = compare_shown(x, &s);
	json_free(&shown_table, &s);
	return error;
}

static enum err
check_hidden(X509 *x, const char *private_part)
{
	AUTO(writer) der = writer_new(MAX_CERTIFICATE);
	struct hidden h;
	struct sha256 hash;
	bool same;

	TRY(certificate_der(x, &der));
	TRY(json_decode(span_of(private_part), &hidden_table, &h));
	hash = sha256_of(writer_span(&der));
	same = span_equal(sha256_span(&hash), span_at(h.certificate_sha256.ptr, h.certificate_sha256.len));
	json_free(&hidden_table, &h);
	REQUIRE_WHY(same, ERR_MISMATCH, "the log has another certificate with this serial and key");
	return ERR_OK;
}

enum err
certificate_entry_check(X509 *x, const struct receipt *r, bool *opened)
{
	*opened = r->private_part != NULL;
	TRY(check_shown(x, r));
	return *opened ? check_hidden(x, r->private_part) : ERR_OK;
}
