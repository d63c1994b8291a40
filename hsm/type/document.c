#include <stdio.h>

#include "base/digest.h"
#include "base/encode.h"
#include "hsm/type/signedattributes.h"

/* RFC 5652 4: id-data, 1.2.840.113549.1.7.1. A seal key signs no other content type: a TSTInfo under it would pass for a time-stamp. */
#define ID_DATA "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"

static enum err
check(const struct type_question *q, char *detail)
{
	AUTO(writer) w = writer_new(MAX_TYPE_DETAIL - 1);
	const struct sha256 hash = sha256_of(q->evidence);

	TRY(signedattributes_check(q, SPAN(ID_DATA)));
	writer_format(&w, "bytes=%zu content=", q->evidence.len);
	hex_write(&w, sha256_span(&hash));
	(void)snprintf(detail, MAX_TYPE_DETAIL, "%s", (const char *)writer_span(&w).ptr);
	return ERR_OK;
}

const struct type type_document = {"SignedAttributes", false, signedattributes_looks, check};
