/* preview: what the certificate that a request asks for would be, and what the lint says of those bytes: built as issuing would build it, with the issuer's public key, which signs nothing.
 * Used by the console's page of a request. */
#ifndef MOHAR_CA_CONSOLE_PREVIEW_H
#define MOHAR_CA_CONSOLE_PREVIEW_H

#include "ca/console/page.h"
#include "ca/request/store.h"
#include "x509/lint/lint.h"

enum { MAX_REFUSED = 256 };

struct preview_parts {
	struct json_list subject, names; /* struct name_part */
};
struct preview {
	struct preview_parts parts;
	char key_type[16];         /* "" if the key's bytes are not here */
	char refused[MAX_REFUSED]; /* why it could not be built; "" if it could */
	struct lint_report lint;   /* rules 0: not linted */
};

MUST_USE enum err preview_make(struct cad *c, const struct request_row *r, struct preview *out);
void preview_free(struct preview *p);

/* A lint report on a page: how many rules, and list "findings" of id, clause, severity, what, where. */
void page_lint(struct page *page, const struct console *k, const struct request *request,
	const struct lint_report *report);

#endif
