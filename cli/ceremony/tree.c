#include <stdio.h>
#include <string.h>

#include "cli/ceremony/account.h"

enum { DEEPEST = 8, MAX_DETAIL = 512 };

static bool
certifies(const struct account_step *s)
{
	return strcmp(s->what, "certificate") == 0 || strcmp(s->what, "cross-certificate") == 0;
}

/* The step of that kind about a key; -1 if there is none. */
static int
step_about(const struct account *a, const char *what, const char *key)
{
	for (size_t i = 0; i < account_steps(a); i++) {
		const struct account_step s = account_step_at(a, i);

		if (s.key != NULL && strcmp(s.key, key) == 0 &&
			(what == NULL ? certifies(&s) : strcmp(s.what, what) == 0))
			return (int)i;
	}
	return -1;
}

/* Which algorithm and token, as far as the key is made here. */
static void
key_write(const struct account *a, const char *key, struct writer *w)
{
	const struct key_rule *rule = a->keys == NULL ? NULL : keys_file_key(a->keys, span_of(key));
	const int made = step_about(a, "generate", key);

	if (rule != NULL)
		writer_format(w, ", %s", rule->algorithm);
	if (made >= 0)
		writer_format(w, ", key made in step %d on token '%s'", made + 1,
			account_step_at(a, (size_t)made).token);
	if (step_about(a, "delete", key) >= 0)
		writer_format(w, ", DESTROYED in step %d", step_about(a, "delete", key) + 1);
}

static void
certificate_node(const struct account *a, size_t i, unsigned depth, struct paper *p)
{
	const struct account_step s = account_step_at(a, i);
	AUTO(writer) detail = writer_new(MAX_DETAIL);

	writer_format(&detail, "certificate '%s' in step %zu", s.profile, i + 1);
	if (strcmp(s.issuer, s.key) == 0)
		writer_text(&detail, ", by itself");
	if (s.planned != NULL)
		writer_format(&detail, ", %lld days", (long long)s.planned->days);
	if (s.done != NULL && s.done->serial != NULL)
		writer_format(&detail, ", serial %s", s.done->serial);
	if (s.input != NULL)
		writer_format(&detail, ", key of '%s'", s.input);
	key_write(a, s.key, &detail);
	paper_node(p, depth, s.key, (const char *)writer_span(&detail).ptr);
}

/* Those whom this key certifies, and below each of them those whom it does. */
static void
children(const struct account *a, const char *issuer, unsigned depth, struct paper *p)
{
	for (size_t i = 0; i < account_steps(a) && depth < DEEPEST; i++) {
		const struct account_step s = account_step_at(a, i);

		if (!certifies(&s) || strcmp(s.issuer, issuer) != 0 || strcmp(s.key, issuer) == 0)
			continue;
		certificate_node(a, i, depth, p);
		children(a, s.key, depth + 1, p);
	}
}

/* An issuer whose certificate is of another ceremony, told once. */
static void
brought_issuers(const struct account *a, struct paper *p)
{
	for (size_t i = 0; i < account_steps(a); i++) {
		const struct account_step s = account_step_at(a, i);
		bool first = certifies(&s) && step_about(a, NULL, s.issuer) < 0;

		for (size_t b = 0; b < i && first; b++) {
			const struct account_step before = account_step_at(a, b);

			first = !certifies(&before) || strcmp(before.issuer, s.issuer) != 0;
		}
		if (!first)
			continue;
		paper_node(p, 0, s.issuer, "certified before, brought along");
		children(a, s.issuer, 1, p);
	}
}

static void
bare_keys(const struct account *a, const char *token, struct paper *p)
{
	bool any = false;

	for (size_t i = 0; i < account_steps(a); i++) {
		const struct account_step s = account_step_at(a, i);
		AUTO(writer) detail = writer_new(MAX_DETAIL);

		if ((strcmp(s.what, "generate") != 0 && strcmp(s.what, "delete") != 0) || strcmp(s.token, token) != 0 ||
			step_about(a, NULL, s.key) >= 0)
			continue;
		if (!any)
			paper_node(p, 0, token, "keys of this token without a certificate of this ceremony");
		any = true;
		writer_format(&detail, "%s in step %zu", strcmp(s.what, "delete") == 0 ? "DESTROYED" : "made", i + 1);
		if (s.done != NULL && s.done->has_made && s.done->made.algorithm != NULL)
			writer_format(&detail, ", %s", s.done->made.algorithm);
		paper_node(p, 1, s.key, (const char *)writer_span(&detail).ptr);
	}
}

static bool
has_keys(const struct account *a)
{
	for (size_t i = 0; i < account_steps(a); i++) {
		const struct account_step s = account_step_at(a, i);

		if (certifies(&s) || strcmp(s.what, "generate") == 0 || strcmp(s.what, "delete") == 0)
			return true;
	}
	return false;
}

void
account_tree(const struct account *a, struct paper *p)
{
	if (!has_keys(a))
		return;
	paper_section(p, "Keys and certificates");
	for (size_t i = 0; i < account_steps(a); i++) {
		const struct account_step s = account_step_at(a, i);

		if (!certifies(&s) || strcmp(s.issuer, s.key) != 0)
			continue;
		certificate_node(a, i, 0, p);
		children(a, s.key, 1, p);
	}
	brought_issuers(a, p);
	bare_keys(a, "root", p);
	bare_keys(a, "main", p);
}
