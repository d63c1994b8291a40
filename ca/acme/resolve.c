/* Names: an answer is believed only along the chain of aliases that starts at the question. */
#include <string.h>

#include "ca/acme/dns.h"

enum { MAX_ALIASES = 8 };

/* Where the aliases from name lead in this answer; the caller frees it. NULL: no name, or in a ring. */
static ldns_rdf *
canonical(const ldns_rr_list *answer, const char *name)
{
	ldns_rdf *at = ldns_dname_new_frm_str(name);

	for (int hops = 0; at != NULL && hops <= MAX_ALIASES; hops++) {
		const ldns_rr *alias = NULL;

		for (size_t i = 0; i < ldns_rr_list_rr_count(answer) && alias == NULL; i++) {
			const ldns_rr *rr = ldns_rr_list_rr(answer, i);

			if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME &&
				ldns_dname_compare(ldns_rr_owner(rr), at) == 0)
				alias = rr;
		}
		if (alias == NULL)
			return at;
		ldns_rdf_deep_free(at);
		at = ldns_rdf_clone(ldns_rr_rdf(alias, 0));
	}
	if (at != NULL)
		ldns_rdf_deep_free(at);
	return NULL;
}

/* Calls take for each record of type that the chain from name ends at. */
static void
each(const ldns_pkt *packet, const char *name, ldns_rr_type type, void (*take)(void *context, const ldns_rr *rr),
	void *context)
{
	const ldns_rr_list *answer = ldns_pkt_answer(packet);
	ldns_rdf *owner = canonical(answer, name);

	for (size_t i = 0; owner != NULL && i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (ldns_rr_get_type(rr) == type && ldns_rr_rd_count(rr) > 0 &&
			ldns_dname_compare(ldns_rr_owner(rr), owner) == 0)
			take(context, rr);
	}
	if (owner != NULL)
		ldns_rdf_deep_free(owner);
}

/* ---- addresses ---- */

struct found {
	struct address rows[2 * MAX_ADDRESSES];
	size_t count;
};

static void
take_address(void *context, const ldns_rr *rr)
{
	struct found *f = context;
	const ldns_rdf *data = ldns_rr_rdf(rr, 0);
	const size_t len = ldns_rdf_size(data);
	struct address a = {{[10] = 0xff, [11] = 0xff}};

	if (f->count == sizeof(f->rows) / sizeof(f->rows[0]) || (len != 4 && len != ADDRESS_LEN))
		return;
	memcpy(a.bytes + ADDRESS_LEN - len, ldns_rdf_data(data), len);
	f->rows[f->count++] = a;
}

static enum problem
look_up(const struct reach_policy *p, const char *name, int64_t deadline, struct found *f)
{
	static const ldns_rr_type types[] = {LDNS_RR_TYPE_AAAA, LDNS_RR_TYPE_A};
	enum problem a = ACME_OK;

	for (int i = 0; i < 2 && a == ACME_OK; i++) {
		ldns_pkt *packet;

		a = dns_ask(p, name, types[i], deadline, &packet);
		if (a == ACME_OK) {
			each(packet, name, types[i], take_address, f);
			ldns_pkt_free(packet);
		}
	}
	return f->count > 0 ? ACME_OK : a;
}

/* A name of acme_hosts, or one below it. */
static const struct reach_host *
host_of(const struct reach_policy *p, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < p->host_count; i++) {
		const size_t own = strlen(p->hosts[i].name);

		if (len >= own && strcmp(name + len - own, p->hosts[i].name) == 0 &&
			(len == own || name[len - own - 1] == '.'))
			return &p->hosts[i];
	}
	return NULL;
}

static enum problem
find(const struct reach_policy *p, const char *name, int64_t deadline, struct found *f)
{
	const struct reach_host *host = host_of(p, name);

	if (address_read(span_of(name), &f->rows[0]) == ERR_OK) {
		f->count = 1;
		return ACME_OK;
	}
	err_forget();
	if (host != NULL) {
		f->rows[0] = host->address;
		f->count = 1;
		return ACME_OK;
	}
	ACME_TRY(look_up(p, name, deadline, f));
	ACME_WHY(f->count > 0, ACME_DNS, "%.100s has no address in DNS", name);
	return ACME_OK;
}

enum problem
reach_resolve(const struct reach_policy *p, const char *name, int64_t deadline, struct reach_addresses *out)
{
	struct found f = {.count = 0};

	out->count = 0;
	ACME_TRY(find(p, name, deadline, &f));
	for (size_t i = 0; i < f.count && out->count < MAX_ADDRESSES; i++)
		if (networks_allow(&p->networks, &f.rows[i]) == ERR_OK)
			out->rows[out->count++] = f.rows[i];
	if (out->count == 0)
		return ACME_REJECTED_IDENTIFIER; /* networks_allow has said why */
	err_forget();
	return ACME_OK;
}

/* ---- TXT ---- */

static void
take_text(void *context, const ldns_rr *rr)
{
	struct reach_texts *t = context;
	size_t at = 0;

	if (t->count == MAX_TXT)
		return;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const uint8_t *data = ldns_rdf_data(ldns_rr_rdf(rr, i)); /* a length and as many characters */
		const size_t size = ldns_rdf_size(ldns_rr_rdf(rr, i)), len = size > 0 ? data[0] : 0;

		if (len + 1 > size || at + len > MAX_TXT_TEXT || memchr(data + 1, 0, len) != NULL)
			return; /* longer than any answer to a challenge */
		memcpy(t->rows[t->count] + at, data + 1, len);
		at += len;
	}
	t->rows[t->count++][at] = '\0';
}

enum problem
reach_txt(const struct reach_policy *p, const char *name, int64_t deadline, struct reach_texts *out)
{
	ldns_pkt *packet;

	out->count = 0;
	ACME_TRY(dns_ask(p, name, LDNS_RR_TYPE_TXT, deadline, &packet));
	each(packet, name, LDNS_RR_TYPE_TXT, take_text, out);
	ldns_pkt_free(packet);
	ACME_WHY(out->count > 0, ACME_DNS, "%.100s has no TXT record", name);
	return ACME_OK;
}
