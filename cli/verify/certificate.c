#include "cli/verify/certificate.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "verify/certificate_entry.h"
#include "x509/own.h"
#include "x509/weak_key.h"
#include "x509/x509.h"

enum { MAX_FILE = 16 << 20, MAX_NAME_TEXT = 1024, MAX_TRUST = 1 << 20 };

/* What is asked beside chain and time. */
struct demands {
	const char *purpose, *policy; /* or NULL */
	const struct writer *lists;   /* CRLs in DER */
	const struct writer *receipt; /* of the log, with whom to believe about it; NULL: not asked */
	const char *log_trust;
	size_t list_count;
};

static enum err
certificates_open(struct span bytes, STACK_OF(X509) * *out)
{
	STACK_OF(X509) * list;
	X509 *x = NULL;

	if (bytes.len == 0 || bytes.ptr[0] != 0x30)
		return certificates_pem(bytes, out);
	TRY(certificate_parse(bytes, &x));
	list = sk_X509_new_null();
	if (list == NULL || !sk_X509_push(list, x)) {
		sk_X509_free(list);
		X509_free(x);
		return ERR_NO_MEMORY;
	}
	*out = list;
	return ERR_OK;
}

static void
tell_name(struct cli *c, const char *what, const X509_NAME *name)
{
	OWN(BIO) bio = BIO_new(BIO_s_mem());
	char text[MAX_NAME_TEXT];

	/* RFC 2253 form without escaping UTF-8 */
	if (bio == NULL || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
		return;
	const int len = BIO_read(bio, text, sizeof(text) - 1);

	text[len > 0 ? len : 0] = '\0';
	cli_text(c, what, text);
}

static void
tell_time(struct cli *c, const char *what, const ASN1_TIME *t)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) == 1)
		cli_time(c, what, timegm(&tm));
}

static void
tell_certificate(struct cli *c, X509 *x)
{
	char serial[2 * 20 + 1], type[16];
	struct sha256 hash;
	EVP_PKEY *key = X509_get0_pubkey(x);

	tell_name(c, "subject", X509_get_subject_name(x));
	tell_name(c, "issuer", X509_get_issuer_name(x));
	if (certificate_serial_hex(x, serial) == ERR_OK)
		cli_text(c, "serial", serial);
	tell_time(c, "not_before", X509_get0_notBefore(x));
	tell_time(c, "not_after", X509_get0_notAfter(x));
	if (key != NULL && key_type(key, type) == ERR_OK)
		cli_text(c, "key", type);
	if (key != NULL && spki_hash(key, &hash) == ERR_OK)
		cli_hex(c, "spki_sha256", sha256_span(&hash));
	err_forget();
	ERR_clear_error();
}

/* The certificate that signed x, among those given; NULL if it is not there. */
static X509 *
issuer_of(X509 *x, const STACK_OF(X509) * one, const STACK_OF(X509) * other)
{
	for (int i = 0; i < sk_X509_num(one); i++)
		if (X509_check_issued(sk_X509_value(one, i), x) == X509_V_OK)
			return sk_X509_value(one, i);
	return other != NULL ? issuer_of(x, other, NULL) : NULL;
}

static enum err
status_check(X509 *x, const STACK_OF(X509) * chain, const STACK_OF(X509) * anchors, unix_time at,
	const struct demands *d)
{
	X509 *issuer = issuer_of(x, anchors, chain);

	if (d->list_count == 0)
		return ERR_OK;
	REQUIRE_WHY(issuer, ERR_UNTRUSTED,
		"RFC 5280 6.3.3: the issuer, whose revocation list would tell, is not among the files");
	for (size_t i = 0; i < d->list_count; i++) {
		const enum err e = crl_check(writer_span(&d->lists[i]), issuer, x, at);
		if (e == ERR_OK || e == ERR_REVOKED)
			return e;
	}
	/* a list that is stale or another's tells nothing, for or against */
	char why[256];

	(void)snprintf(why, sizeof(why), "%s", err_why());
	return err_because(ERR_UNTRUSTED, "%s", why);
}

static enum err
judge(STACK_OF(X509) * chain, struct span anchors_pem, unix_time at, const struct demands *d)
{
	STACK_OF(X509) *anchors = NULL;
	X509 *const leaf = sk_X509_shift(chain);
	enum err e;

	if (anchors_pem.len == 0)
		e = err_because(ERR_UNTRUSTED, "no trusted issuer was given");
	else
		e = certificates_pem(anchors_pem, &anchors);
	if (e == ERR_OK)
		e = chain_check(leaf,
			&(struct chain_question){.anchors = anchors,
				.intermediates = chain,
				.at = at,
				.extended_key_usage = d->purpose,
				.policy = d->policy});
	if (e == ERR_OK)
		e = status_check(leaf, chain, anchors, at, d);
	sk_X509_pop_free(anchors, X509_free);
	X509_free(leaf);
	return e;
}

/* No way to a trusted issuer is unknown: another --trust may know it. */
static enum verdict
verdict_of(enum err e, char *why, size_t why_len)
{
	if (why_len > 0)
		why[0] = '\0';
	if (e == ERR_OK)
		return VERDICT_VALID;
	(void)snprintf(why, why_len, "%s", err_why()[0] != '\0' ? err_why() : err_text(e));
	err_forget();
	return e == ERR_UNTRUSTED ? VERDICT_UNKNOWN : VERDICT_INVALID;
}

/* Does the receipt prove that this very certificate stands in the log? */
static enum err
log_check(struct cli *c, X509 *x, const struct demands *d)
{
	AUTO(writer) text = writer_new(MAX_TRUST);
	AUTO(trust) trust = {0};
	AUTO(receipt) r = {.index = 0};
	bool opened;

	REQUIRE_WHY(d->log_trust != NULL, ERR_UNTRUSTED,
		"--receipt wants --log-trust, a key set that holds the log's key");
	TRY(file_read(d->log_trust, MAX_TRUST, &text));
	TRY(cli_about(d->log_trust, trust_read(writer_span(&text), &trust)));
	REQUIRE_WHY(trust.log_key != NULL && trust.log_origin != NULL, ERR_UNTRUSTED, "%s: has no key of a log",
		d->log_trust);
	TRY(receipt_parse(writer_span(d->receipt), &r));
	TRY(receipt_check(&r, trust.log_origin, trust.log_key));
	TRY(certificate_entry_check(x, &r, &opened));
	cli_int(c, "log_index", (int64_t)r.index);
	cli_text(c, "logged", opened ? "this very certificate" : "a certificate of this serial, key and validity");
	return ERR_OK;
}

static enum verdict
tell_and_judge(struct cli *c, struct span bytes, struct span anchors, unix_time at, const struct demands *d, char *why,
	size_t why_len)
{
	STACK_OF(X509) *chain = NULL;
	enum err e = certificates_open(bytes, &chain);

	if (e == ERR_OK) {
		tell_certificate(c, sk_X509_value(chain, 0));
		cli_text(c, "revocation",
			d->list_count > 0 ? "by the lists given" : "not asked: no list (--crl) was given");
		OWN(X509) leaf = sk_X509_value(chain, 0);

		(void)X509_up_ref(leaf); /* judge() takes it out */
		e = judge(chain, anchors, at, d);
		if (e == ERR_OK && d->receipt != NULL)
			e = log_check(c, leaf, d);
	}
	sk_X509_pop_free(chain, X509_free);
	return verdict_of(e, why, why_len);
}

enum verdict
certificate_tell(struct cli *c, struct span pem_or_der, struct span anchors, unix_time at, char *why, size_t why_len)
{
	return tell_and_judge(c, pem_or_der, anchors, at, &(struct demands){0}, why, why_len);
}

/* ---- mohar verify certificate ---- */
enum { MAX_LISTS = 8 };

struct files {
	struct writer certificate, anchors, receipt, lists[MAX_LISTS];
	size_t list_count;
};

static void
files_free(struct files *f)
{
	writer_free(&f->certificate);
	writer_free(&f->anchors);
	writer_free(&f->receipt);
	for (size_t i = 0; i < MAX_LISTS; i++)
		writer_free(&f->lists[i]);
}

static enum err
files_read(const struct cli *c, struct files *f)
{
	f->certificate = writer_new(MAX_FILE);
	f->anchors = writer_new(MAX_FILE);
	f->receipt = writer_new(MAX_RECEIPT);
	if (cli_value(c, "--receipt") != NULL)
		TRY(file_read(cli_value(c, "--receipt"), MAX_RECEIPT, &f->receipt));
	TRY(file_read(cli_file(c, 0), MAX_FILE, &f->certificate));
	for (size_t i = 0; cli_value_at(c, "--trust", i) != NULL; i++) {
		AUTO(writer) one = writer_new(MAX_FILE);

		TRY(file_read(cli_value_at(c, "--trust", i), MAX_FILE, &one));
		writer_bytes(&f->anchors, writer_span(&one));
		writer_text(&f->anchors, "\n");
	}
	for (size_t i = 0; cli_value_at(c, "--crl", i) != NULL; i++) {
		REQUIRE_WHY(i < MAX_LISTS, ERR_TOO_LONG, "--crl: at most %d lists", MAX_LISTS);
		f->lists[i] = writer_new(MAX_CRL);
		TRY(file_read(cli_value_at(c, "--crl", i), MAX_CRL, &f->lists[i]));
		f->list_count++;
	}
	return writer_done(&f->anchors);
}

static int
run(struct cli *c)
{
	AUTO(files) f = {0};
	char why[300];

	cli_begin(c);
	const enum err e = files_read(c, &f);

	if (e != ERR_OK)
		return cli_fail(c, e);
	const struct demands d = {.purpose = cli_value(c, "--purpose"),
		.policy = cli_value(c, "--policy"),
		.receipt = cli_value(c, "--receipt") != NULL ? &f.receipt : NULL,
		.log_trust = cli_value(c, "--log-trust"),
		.lists = f.lists,
		.list_count = f.list_count};
	const enum verdict v = tell_and_judge(c, writer_span(&f.certificate), writer_span(&f.anchors), cli_now(c), &d,
		why, sizeof(why));

	return cli_end(c, verdict_name(v), why[0] != '\0' ? why : NULL, v == VERDICT_VALID ? EXIT_DONE : EXIT_REFUSED);
}

static const struct cli_option options[] = {
	{"--trust", "FILE", "PEM certificates to believe; without one the verdict is unknown", NULL, false, true},
	{"--crl", "FILE",
		"the issuer's revocation list in DER: the certificate must not be on it; without one that is not asked",
		NULL, false, true},
	{"--receipt", "FILE", "the log's proof that it stands in the log", NULL, false, false},
	{"--log-trust", "FILE", "with --receipt: key set that holds the log's key", "MOHAR_TRUST", false, false},
	{"--purpose", "NAME", "what it must be for, clientAuth or a dotted OID", NULL, false, false},
	{"--policy", "OID", "the policy under which it must have been issued", NULL, false, false},
	{"--at", "TIME", "judge at this time, 2026-01-31T23:59:59Z", NULL, false, false},
	{0},
};

const struct cli_verb cli_verify_certificate[] = {
	{"verify", "certificate", "FILE",
		"check a certificate (PEM or DER, intermediates after it) against trusted ones", options, run},
	{0},
};
