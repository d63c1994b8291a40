#include "ca/console/preview.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ca/status/crl.h"
#include "x509/own.h"

enum { SECONDS_A_DAY = 86400, MAX_URL = 512 };

#define TEXT(MEMBER)                                                           \
	{                                                                      \
		.name = #MEMBER, .kind = JSON_TEXT, .presence = JSON_REQUIRED, \
		.offset = offsetof(struct name_part, MEMBER), .max = 512       \
	}
static const struct json_row part_rows[] = {TEXT(type), TEXT(value)};
static const struct json_table part_table = {"name", part_rows, 2, sizeof(struct name_part), false};
static const struct json_row parts_rows[] = {
	{"subject", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct preview_parts, subject), 0, 64, &part_table, 0},
	{"names", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct preview_parts, names), 0, 256, &part_table, 0},
};
static const struct json_table parts_table = {"names of a request", parts_rows, 2, sizeof(struct preview_parts), false};

static enum err
parts_read(const struct request_row *r, struct preview_parts *out)
{
	AUTO(writer) json = writer_new(128 << 10);

	writer_format(&json, "{\"subject\":%s,\"names\":%s}", r->subject, r->names);
	TRY(writer_done(&json));
	return json_decode(writer_span(&json), &parts_table, out);
}

/* Everything as in issuing, but the serial, which is random there and fixed here, and the list's number. The "key" is the issuer's public half: the lint has looked at the exact bytes
 * before a signature is tried, and that never comes to be. */
static enum err
build(struct cad *c, const struct profile *profile, const struct authority *a, struct span spki, struct preview *p)
{
	AUTO(writer) ocsp = writer_new(MAX_URL);
	AUTO(writer) crl = writer_new(MAX_URL);
	AUTO(writer) ca = writer_new(MAX_URL);
	OWN(X509) never = NULL;

	writer_format(&ocsp, "%s/ocsp", c->config.pki_url);
	crl_url_write(c->config.pki_url, &(struct crl_name){a->label, c->config.crl_shards == 0 ? 0 : 1, false}, &crl);
	writer_format(&ca, "%s/ca/%s.cer", c->config.pki_url, a->label);
	struct certificate_facts facts = {
		.profile = profile,
		.spki = spki,
		.subject = p->parts.subject.items,
		.subject_count = p->parts.subject.count,
		.names = p->parts.names.items,
		.names_count = p->parts.names.count,
		.not_before = cad_now(c),
		.not_after = cad_now(c) + profile->days * SECONDS_A_DAY,
		.issuer = a->certificate,
		.ocsp_url = (const char *)writer_span(&ocsp).ptr,
		.crl_url = (const char *)writer_span(&crl).ptr,
		.ca_url = (const char *)writer_span(&ca).ptr,
		.lint = &p->lint,
	};

	memset(facts.serial, 0x5a, SERIAL_LEN);
	return certificate_make(&facts, X509_get0_pubkey(a->certificate), &never);
}

static enum err
key_read(const struct request_row *r, struct request_facts *out)
{
	*out = (struct request_facts){0};
	REQUIRE_WHY(r->csr.len > 0, ERR_NOT_FOUND,
		"the key is in a blob of mohar-hsmd, which will look at it when the certificate is made");
	return csr_parse(span_at(r->csr.ptr, r->csr.len), out);
}

static enum err
look(struct cad *c, const struct request_row *r, struct preview *p)
{
	const struct profile *const profile = profile_find(&c->profiles, r->profile);
	const struct authority *const a = profile != NULL ? authority_find(&c->authorities, profile->issuer) : NULL;
	struct request_facts key;

	REQUIRE_WHY(a != NULL, ERR_NOT_FOUND, "there is no profile '%s' here any more", r->profile);
	TRY(key_read(r, &key));
	(void)snprintf(p->key_type, sizeof(p->key_type), "%s", key.key_type);
	const enum err e = build(c, profile, a, span_at(key.spki.ptr, key.spki.len), p);

	csr_free(&key);
	return e;
}

enum err
preview_make(struct cad *c, const struct request_row *r, struct preview *out)
{
	*out = (struct preview){0};
	TRY(parts_read(r, &out->parts));
	const enum err e = look(c, r, out);

	if (e != ERR_OK && out->lint.rules == 0)
		(void)snprintf(out->refused, sizeof(out->refused), "%s", err_why());
	err_forget();
	return ERR_OK;
}

void
preview_free(struct preview *p)
{
	json_free(&parts_table, &p->parts);
}

void
page_lint(struct page *page, const struct console *k, const struct request *request, const struct lint_report *report)
{
	page_bool(page, "linted", report->rules > 0);
	page_bool(page, "lint_clean", report->rules > 0 && report->count == 0);
	page_int(page, "lint_rules", (int64_t)report->rules);
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_finding *const f = &report->findings[i];

		page_item(page, "findings");
		page_text(page, "rule", lint_id(f));
		page_text(page, "clause", lint_clause(f));
		page_text(page, "severity", page_word(k, request, "severity", lint_severity_name(lint_severity(f))));
		page_text(page, "what", lint_what(f));
		page_text(page, "where", f->where);
		page_item_end(page);
	}
}
