#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "base/file.h"
#include "cli/ca/person.h"
#include "cli/ca_lint.h"
#include "cli/log/receipt.h"
#include "cli/order.h"
#include "http/client.h"
#include "verify/certificate_entry.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_PARTS = 16, MAX_BODY = 40 << 10, MAX_PATH_TEXT = 2 << 10 };

#define CA_OPTIONS \
	CARD_OPTIONS, {"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", true, false}, ORDER_TLS_OPTION

static int
ended(struct cli *c, enum err e)
{
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}

/* Every member of the service's answer, as it is: both forms of telling then say what it said. */
struct certificate {
	char *serial, *issuer, *profile, *subject, *person, *not_before, *not_after, *ordered_by, *status, *revoked_at,
		*reason, *certificate, *chain;
};
#define ROW(member, most)                                                                                         \
	{                                                                                                         \
		.name = #member, .kind = JSON_TEXT, .offset = offsetof(struct certificate, member), .max = (most) \
	}
static const struct json_row certificate_rows[] = {
	ROW(serial, 64),
	ROW(issuer, 128),
	ROW(profile, 128),
	ROW(subject, 4096),
	ROW(person, 64),
	ROW(not_before, 32),
	ROW(not_after, 32),
	ROW(ordered_by, 256),
	ROW(status, 32),
	ROW(revoked_at, 32),
	ROW(reason, 64),
	ROW(certificate, 128 << 10),
	ROW(chain, 256 << 10),
};
enum { CERTIFICATE_ROWS = sizeof(certificate_rows) / sizeof(certificate_rows[0]), BRIEF_ROWS = CERTIFICATE_ROWS - 2 };
static const struct json_table certificate_table = {"certificate", certificate_rows, CERTIFICATE_ROWS,
	sizeof(struct certificate), true};

struct certificates {
	struct json_list list;
};
static const struct json_row certificates_rows[] = {
	{.name = "certificates",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct certificates, list),
		.max = 10000,
		.table = &certificate_table},
};
static const struct json_table certificates_table = {"list of certificates", certificates_rows, 1,
	sizeof(struct certificates), true};

static void
tell_members(struct cli *c, const struct certificate *x, size_t rows)
{
	for (size_t i = 0; i < rows; i++)
		cli_text(c, certificate_rows[i].name,
			*(char *const *)(const void *)((const char *)x + certificate_rows[i].offset));
}

static enum err
tell_answer(struct cli *c, struct span json)
{
	struct certificate x;

	TRY(json_decode(json, &certificate_table, &x));
	tell_members(c, &x, CERTIFICATE_ROWS);
	json_free(&certificate_table, &x);
	return ERR_OK;
}

/* ---- issue ---- */

static const struct cli_option issue_options[] = {
	CA_OPTIONS,
	{"--profile", "NAME", "certificate profile, such as tls-server", NULL, true, false},
	{"--csr", "FILE", "PKCS#10 request, PEM or DER: only its key is taken", NULL, true, false},
	{"--subject", "TYPE=VALUE", "an attribute of the subject, such as CN=...", NULL, false, true},
	{"--name", "TYPE=VALUE", "an alternative name: dns, ip, email or uri", NULL, false, true},
	{"--person", "UUID", "the person (citizens' profiles)", NULL, false, false},
	{"--handle", "HANDLE",
		"the person as the registry knows them, whose signed statement of names goes with the order", NULL,
		false, false},
	{"--issuer", "URL", "the identity provider (with --handle)", "MOHAR_ISSUER", false, false},
	{"--out", "FILE", "where certificate and chain go, PEM", NULL, false, false},
	{"--receipt", "FILE", "where the log's proof that the certificate stands in it goes", NULL, false, false},
	{"--signer-url", "URL", "with --receipt: the service that keeps the log", "MOHAR_SIGNER_URL", false, false},
	{"--trust", "FILE", "with --receipt: key set that holds the log's key", "MOHAR_TRUST", false, false},
	{0},
};

static enum err
write_parts(struct cli *c, const char *option, const char *list, struct json_writer *j)
{
	const char *value;

	json_array(j, list);
	for (size_t i = 0; (value = cli_value_at(c, option, i)) != NULL; i++) {
		const char *equals = strchr(value, '=');

		REQUIRE_WHY(equals != NULL && equals != value, ERR_MALFORMED, "%s wants TYPE=VALUE, not '%s'", option,
			value);
		json_object(j, NULL);
		json_span(j, "type", span_at(value, (size_t)(equals - value)));
		json_text(j, "value", equals + 1);
		json_object_end(j);
	}
	json_array_end(j);
	return ERR_OK;
}

/* The request in DER, whatever form the file has, and the hash of its key. */
static enum err
read_request(const char *path, struct writer *der, struct sha256 *spki)
{
	AUTO(writer) text = writer_new(MAX_CSR);
	struct request_facts facts;
	OWN(BIO) memory = NULL;
	OWN(X509_REQ) request = NULL;
	unsigned char *encoded = NULL;

	TRY(file_read(path, MAX_CSR, &text));
	TRY(cli_about(path, csr_parse(writer_span(&text), &facts)));
	*spki = sha256_of(span_at(facts.spki.ptr, facts.spki.len));
	csr_free(&facts);
	memory = BIO_new_mem_buf(writer_span(&text).ptr, (int)writer_span(&text).len);
	request = memory != NULL ? PEM_read_bio_X509_REQ(memory, NULL, NULL, NULL) : NULL;
	if (request == NULL) {
		writer_bytes(der, writer_span(&text)); /* csr_parse took it, so it is DER */
		return writer_done(der);
	}
	const int len = i2d_X509_REQ(request, &encoded);

	REQUIRE_WHY(len > 0, ERR_CRYPTO, "%s: cannot be encoded", path);
	writer_bytes(der, span_at(encoded, (size_t)len));
	OPENSSL_free(encoded);
	return writer_done(der);
}

static enum err
write_order(struct cli *c, struct writer *body)
{
	AUTO(writer) csr = writer_new(MAX_CSR);
	AUTO(registry_person) p = {0};
	struct json_writer j = json_to(body);
	struct sha256 spki;

	if (cli_value(c, "--handle") != NULL)
		TRY(registry_person_ask(c, cli_value(c, "--handle"), &p));
	TRY(read_request(cli_value(c, "--csr"), &csr, &spki));
	json_object(&j, NULL);
	json_text(&j, "profile", cli_value(c, "--profile"));
	json_bytes64(&j, "csr", writer_span(&csr));
	TRY(write_parts(c, "--subject", "subject", &j));
	TRY(write_parts(c, "--name", "names", &j));
	json_text(&j, "person", p.person != NULL ? p.person : cli_value(c, "--person"));
	json_text(&j, "registry", p.registry);
	json_bytes64(&j, "spki_sha256", sha256_span(&spki));
	json_object_end(&j);
	return writer_done(body);
}

static enum err
keep_certificate(const char *path, struct span json)
{
	AUTO(writer) pem = writer_new(512 << 10);
	struct certificate x;

	TRY(json_decode(json, &certificate_table, &x));
	writer_text(&pem, x.certificate != NULL ? x.certificate : "");
	writer_text(&pem, x.chain != NULL ? x.chain : "");
	json_free(&certificate_table, &x);
	return file_write(path, writer_span(&pem), 0644);
}

static enum err
send(struct cli *c, const struct order *o, bool read, struct writer *reply)
{
	struct card *card;

	TRY(card_of(c, &card));
	const enum err e = read ? order_read(c, card, o, reply) : order_send(c, card, o, reply);

	card_free(&card);
	return e;
}

/* By what the certificate stands in the log, as the service says. */
struct logged {
	char *event, *private_part;
	struct json_bytes salt;
};
static const struct json_row logged_rows[] = {
	{"event", JSON_TEXT, JSON_REQUIRED, offsetof(struct logged, event), UUID_TEXT_LEN, UUID_TEXT_LEN, NULL, 0},
	{"private", JSON_RAW, JSON_REQUIRED, offsetof(struct logged, private_part), 0, MAX_ENTRY, NULL, 0},
	{"salt", JSON_BYTES, JSON_REQUIRED, offsetof(struct logged, salt), SALT_LEN, SALT_LEN, NULL, 0},
};
static const struct json_table logged_table = {"logged", logged_rows, 3, sizeof(struct logged), false};
struct issued {
	char *certificate;
	struct logged logged;
};
static const struct json_row issued_rows[] = {
	{"certificate", JSON_TEXT, JSON_REQUIRED, offsetof(struct issued, certificate), 0, 128 << 10, NULL, 0},
	{"logged", JSON_OBJECT, JSON_REQUIRED, offsetof(struct issued, logged), 0, 0, &logged_table, 0},
};
static const struct json_table issued_table = {"answer", issued_rows, 2, sizeof(struct issued), true};

/* The log's receipt, opened by what only whoever ordered the certificate was told, and compared with it. */
static enum err
fetch_receipt(struct cli *c, struct log_client *l, struct issued *x, struct receipt *r)
{
	OWN(X509) certificate = NULL;
	struct uuid event;
	bool opened;

	l->url = cli_value(c, "--signer-url");
	l->ca_file = cli_value(c, "--tls-ca");
	TRY(log_client_open(l, cli_value(c, "--trust")));
	TRY(uuid_read(span_of(x->logged.event), &event));
	TRY(receipt_fetch(l, "ca", &event, r));
	r->salt = x->logged.salt;
	r->private_part = x->logged.private_part;
	x->logged.salt.ptr = NULL; /* they are r's now */
	x->logged.private_part = NULL;
	TRY(receipt_check(r, l->trust.log_origin, l->trust.log_key));
	TRY(certificate_pem(span_of(x->certificate), &certificate));
	return certificate_entry_check(certificate, r, &opened);
}

static enum err
keep_receipt(struct cli *c, const char *path, struct span answer)
{
	AUTO(log_client) l = {0};
	AUTO(receipt) r = {.index = 0};
	AUTO(writer) json = writer_new(MAX_RECEIPT);
	struct issued x;
	enum err e;

	REQUIRE_WHY(cli_value(c, "--signer-url") != NULL, ERR_CONFIG,
		"--receipt wants --signer-url, who keeps the log");
	TRY(json_decode(answer, &issued_table, &x));
	e = fetch_receipt(c, &l, &x, &r);
	json_free(&issued_table, &x);
	TRY(e);
	TRY(receipt_write(&r, &json));
	cli_int(c, "log_index", (int64_t)r.index);
	return file_write(path, writer_span(&json), 0644);
}

static enum err
issue(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	TRY(write_order(c, &body));
	const struct order o = {"certificate.issue", cli_value(c, "--ca-url"), "/certificates", writer_span(&body)};

	TRY(send(c, &o, false, &reply));
	if (cli_value(c, "--out") != NULL)
		TRY(keep_certificate(cli_value(c, "--out"), writer_span(&reply)));
	TRY(tell_answer(c, writer_span(&reply)));
	return cli_value(c, "--receipt") != NULL ? keep_receipt(c, cli_value(c, "--receipt"), writer_span(&reply))
						 : ERR_OK;
}

static int
run_issue(struct cli *c)
{
	cli_begin(c);
	return ended(c, issue(c));
}

/* ---- revoke ---- */

static const struct cli_option revoke_options[] = {
	CA_OPTIONS,
	{"--reason", "NAME",
		"unspecified (default), keyCompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn",
		NULL, false, false},
	{0},
};

/* What becomes of one certificate, by an act: verb is the last part of both its name and its address. */
static enum err
change_status(struct cli *c, const char *act, const char *verb, const char *reason)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) path = writer_new(MAX_PATH_TEXT);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);

	json_object(&j, NULL);
	json_text(&j, "serial", cli_file(c, 0));
	if (reason != NULL)
		json_text(&j, "reason", reason);
	json_object_end(&j);
	TRY(writer_done(&body));
	writer_format(&path, "/certificates/%s/%s", cli_file(c, 0), verb);
	const struct order o = {act, cli_value(c, "--ca-url"), (const char *)writer_span(&path).ptr,
		writer_span(&body)};

	TRY(send(c, &o, false, &reply));
	return tell_answer(c, writer_span(&reply));
}

static enum err
revoke(struct cli *c)
{
	const char *reason = cli_value(c, "--reason");

	return change_status(c, "certificate.revoke", "revoke", reason != NULL ? reason : "unspecified");
}

static int
run_revoke(struct cli *c)
{
	cli_begin(c);
	return ended(c, revoke(c));
}

/* ---- suspend, resume ---- */

static const struct cli_option hold_options[] = {CA_OPTIONS, {0}};

static int
run_suspend(struct cli *c)
{
	cli_begin(c);
	return ended(c, change_status(c, "certificate.suspend", "suspend", NULL));
}

static int
run_resume(struct cli *c)
{
	cli_begin(c);
	return ended(c, change_status(c, "certificate.resume", "resume", NULL));
}

/* ---- show, list ---- */

static const struct cli_option show_options[] = {CA_OPTIONS, {0}};

static enum err
show(struct cli *c)
{
	AUTO(writer) path = writer_new(MAX_PATH_TEXT);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	writer_format(&path, "/certificates/%s", cli_file(c, 0));
	const struct order o = {"certificate.read", cli_value(c, "--ca-url"), (const char *)writer_span(&path).ptr,
		{0}};

	TRY(send(c, &o, true, &reply));
	return tell_answer(c, writer_span(&reply));
}

static int
run_show(struct cli *c)
{
	cli_begin(c);
	return ended(c, show(c));
}

static const struct cli_option list_options[] = {
	CA_OPTIONS,
	{"--subject", "TEXT", "only subjects with this in them", NULL, false, false},
	{"--person", "UUID", "only this person's", NULL, false, false},
	{0},
};

static enum err
list(struct cli *c)
{
	AUTO(writer) query = writer_new(MAX_PATH_TEXT);
	AUTO(writer) path = writer_new(MAX_PATH_TEXT);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct certificates all;

	if (cli_value(c, "--subject") != NULL)
		form_write(&query, "subject", cli_value(c, "--subject"));
	if (cli_value(c, "--person") != NULL)
		form_write(&query, "person", cli_value(c, "--person"));
	writer_format(&path, "/certificates%s", writer_span(&query).len > 0 ? "?" : "");
	writer_bytes(&path, writer_span(&query));
	TRY(writer_done(&path));
	const struct order o = {"certificate.read", cli_value(c, "--ca-url"), (const char *)writer_span(&path).ptr,
		{0}};

	TRY(send(c, &o, true, &reply));
	TRY(json_decode(writer_span(&reply), &certificates_table, &all));
	const struct certificate *found = all.list.items;

	cli_int(c, "count", (int64_t)all.list.count);
	for (size_t i = 0; i < all.list.count; i++) {
		cli_item(c, "certificates");
		tell_members(c, &found[i], BRIEF_ROWS);
		cli_item_end(c);
	}
	json_free(&certificates_table, &all);
	return ERR_OK;
}

static int
run_list(struct cli *c)
{
	cli_begin(c);
	return ended(c, list(c));
}

/* ---- crl ---- */

static const struct cli_option crl_options[] = {
	{"--pki-url", "URL", "where revocation lists are published", "MOHAR_PKI_URL", true, false},
	{"--shard", "NUMBER", "the list of this number, as certificates name it; without it the whole one", NULL, false,
		false},
	{"--delta", NULL, "what has changed since the last scheduled list", NULL, false, false},
	{"--out", "FILE", "where the list goes, DER", NULL, false, false},
	{0},
};

static void
tell_time(struct cli *c, const char *name, const ASN1_TIME *t)
{
	struct tm tm;

	if (t != NULL && ASN1_TIME_to_tm(t, &tm) == 1)
		cli_time(c, name, timegm(&tm));
}

static enum err
crl(struct cli *c)
{
	AUTO(writer) url = writer_new(MAX_PATH_TEXT);
	AUTO(writer) der = writer_new(MAX_CRL);
	OWN(X509_CRL) parsed = NULL;
	OWN(ASN1_INTEGER) number = NULL;

	writer_format(&url, "%s/crl/%s", cli_value(c, "--pki-url"), cli_file(c, 0));
	if (cli_value(c, "--shard") != NULL)
		writer_format(&url, ".%s", cli_value(c, "--shard"));
	writer_text(&url, cli_flag(c, "--delta") ? ".delta.crl" : ".crl");
	TRY(order_get(c, (const char *)writer_span(&url).ptr, &der));
	const unsigned char *p = writer_span(&der).ptr;

	parsed = d2i_X509_CRL(NULL, &p, (long)writer_span(&der).len);
	REQUIRE_WHY(parsed != NULL, ERR_MALFORMED, "%s: not a revocation list", (const char *)writer_span(&url).ptr);
	number = X509_CRL_get_ext_d2i(parsed, NID_crl_number, NULL, NULL);
	cli_text(c, "issuer", cli_file(c, 0));
	if (number != NULL)
		cli_int(c, "number", ASN1_INTEGER_get(number));
	tell_time(c, "this_update", X509_CRL_get0_lastUpdate(parsed));
	tell_time(c, "next_update", X509_CRL_get0_nextUpdate(parsed));
	cli_int(c, "entries",
		sk_X509_REVOKED_num(X509_CRL_get_REVOKED(parsed)) > 0
			? sk_X509_REVOKED_num(X509_CRL_get_REVOKED(parsed))
			: 0);
	return cli_value(c, "--out") != NULL ? file_write(cli_value(c, "--out"), writer_span(&der), 0644) : ERR_OK;
}

static int
run_crl(struct cli *c)
{
	cli_begin(c);
	return ended(c, crl(c));
}

const struct cli_verb cli_ca[] = {
	{"ca", "issue", NULL, "a certificate for a request, ordered by an operator's card", issue_options, run_issue},
	{"ca", "revoke", "SERIAL", "revoke a certificate, for ever", revoke_options, run_revoke},
	{"ca", "suspend", "SERIAL", "put a certificate on hold until it is resumed or revoked", hold_options,
		run_suspend},
	{"ca", "resume", "SERIAL", "end the hold: the certificate is valid again", hold_options, run_resume},
	{"ca", "show", "SERIAL", "one certificate and its status", show_options, run_show},
	{"ca", "list", NULL, "certificates, the newest first", list_options, run_list},
	{"ca", "crl", "CA", "the revocation list of a CA, such as citizen-ca", crl_options, run_crl},
	{"ca", "lint", "[FILE]", "a certificate against the rules by which certificates are issued", ca_lint_options,
		run_ca_lint},
	{0},
};
