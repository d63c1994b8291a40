#include "ca/status/crl.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/encode.h"

enum { ETAG_LEN = 32, MAX_AGE = 30, MAX_SHARD_DIGITS = 4 };

struct crl {
	atomic_uint holders;
	struct writer der;
	struct crl_about about;
	char etag[ETAG_LEN + 1];
};

static enum err
read_checked(struct span der, const X509 *issuer, struct crl_reading *r)
{
	TRY(crl_read(der, r));
	return crl_signed_by(r, issuer);
}

enum err
crl_new(struct writer *der, const X509 *issuer, struct crl **out)
{
	struct crl_reading r;
	const enum err e = read_checked(writer_span(der), issuer, &r);

	REQUIRE_WHY(e == ERR_OK, ERR_CORRUPT, "a revocation list does not parse, or is not signed by its issuer");
	struct crl *l = calloc(1, sizeof(*l));
	AUTO(writer) etag = writer_new(ETAG_LEN);
	const struct sha256 hash = sha256_of(writer_span(der));

	REQUIRE(l != NULL, ERR_NO_MEMORY);
	atomic_init(&l->holders, 1);
	l->about = (struct crl_about){.number = r.number,
		.base = r.base,
		.this_update = r.this_update,
		.next_update = r.next_update};
	hex_write(&etag, span_at(hash.bytes, ETAG_LEN / 2));
	memcpy(l->etag, writer_span(&etag).ptr, ETAG_LEN);
	l->der = *der;
	*der = writer_new(0);
	*out = l;
	return ERR_OK;
}

void
crl_describe(struct crl *l, int64_t seen, bool whole)
{
	l->about.seen = seen;
	l->about.whole = whole;
}

struct crl *
crl_share(struct crl *l)
{
	if (l != NULL)
		atomic_fetch_add_explicit(&l->holders, 1, memory_order_relaxed);
	return l;
}

void
crl_drop(struct crl *l)
{
	if (l == NULL || atomic_fetch_sub_explicit(&l->holders, 1, memory_order_acq_rel) != 1)
		return;
	writer_free(&l->der);
	free(l);
}

static void
drop(void *l)
{
	crl_drop(l);
}

const struct crl_about *
crl_about(const struct crl *l)
{
	return &l->about;
}

struct span
crl_der(const struct crl *l)
{
	return writer_span(&l->der);
}

void
crl_reply(struct crl *l, unix_time now, struct reply *reply)
{
	const unix_time left = l->about.next_update - now;

	reply_static(reply, "application/pkix-crl", writer_span(&l->der), drop, crl_share(l));
	reply_etag(reply, l->etag);
	reply_cache(reply, left > MAX_AGE ? MAX_AGE : left > 0 ? (int)left : 0, true);
}

/* ---- names ---- */

void
crl_name_write(const struct crl_name *n, struct writer *w)
{
	writer_text(w, n->label);
	if (n->shard > 0)
		writer_format(w, ".%lld", (long long)n->shard);
	writer_text(w, n->delta ? ".delta.crl" : ".crl");
}

void
crl_url_write(const char *pki_url, const struct crl_name *n, struct writer *w)
{
	writer_format(w, "%s/crl/", pki_url);
	crl_name_write(n, w);
}

/* Cuts suffix off text of *len bytes, if it ends so. */
static bool
cut(const char *text, size_t *len, const char *suffix)
{
	const size_t n = strlen(suffix);

	if (*len < n || memcmp(text + *len - n, suffix, n) != 0)
		return false;
	*len -= n;
	return true;
}

/* ".3" at the end of text; no leading zero, so that each list has one name. */
static int64_t
cut_shard(const char *text, size_t *len)
{
	size_t at = *len;
	int64_t n = 0;

	while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9')
		at--;
	if (at == *len || at < 2 || text[at - 1] != '.' || text[at] == '0' || *len - at > MAX_SHARD_DIGITS)
		return 0;
	for (size_t i = at; i < *len; i++)
		n = n * 10 + (text[i] - '0');
	*len = at - 1;
	return n;
}

enum err
crl_name_read(const char *file, char *label, size_t size, struct crl_name *out)
{
	size_t len = strlen(file);

	REQUIRE(cut(file, &len, ".crl"), ERR_NOT_FOUND);
	out->delta = cut(file, &len, ".delta");
	out->shard = cut_shard(file, &len);
	REQUIRE(len > 0 && len < size, ERR_NOT_FOUND);
	memcpy(label, file, len);
	label[len] = '\0';
	out->label = label;
	return ERR_OK;
}
