#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "jose/jose.h"

enum { MAX_KEYS = 1 << 20, MAX_ALGS = 16 };

/* The command line, read. */
struct question {
	struct jwks *keys;
	struct writer text;
	char *list;                     /* --alg, cut at its commas */
	const char *algs[MAX_ALGS + 1]; /* into list */
};

static void
question_free(struct question *q)
{
	jwks_free(&q->keys);
	writer_free(&q->text);
	free(q->list);
}

/* Is there a member "keys"? Then it is a set; else one key. */
struct shape {
	char *keys;
};
static const struct json_row shape_rows[] = {
	{.name = "keys", .kind = JSON_RAW, .offset = offsetof(struct shape, keys)}};
static const struct json_table shape_table = {.what = "key set",
	.rows = shape_rows,
	.count = 1,
	.size = sizeof(struct shape),
	.open = true};

static enum err
one_key(struct span json, struct jwks **out)
{
	AUTO(jwks) *set = NULL;
	struct jwk *k = NULL;

	TRY(jwks_new(&set));
	TRY(jwk_parse(json, false, &k));
	TRY(jwks_add(set, k));
	*out = set;
	set = NULL;
	return ERR_OK;
}

static enum err
keys_parse(struct span json, struct jwks **out)
{
	struct shape shape;

	TRY(json_decode(json, &shape_table, &shape));
	const bool is_set = shape.keys != NULL;

	json_free(&shape_table, &shape);
	return is_set ? jwks_parse(json, out) : one_key(json, out);
}

/* "ES256,EdDSA" into q->algs. False: more than there are. */
static bool
take_algs(const char *list, struct question *q)
{
	char *rest = NULL;
	size_t count = 0;

	q->list = strdup(list);
	if (q->list == NULL)
		return false;
	for (char *alg = strtok_r(q->list, ", ", &rest); alg != NULL; alg = strtok_r(NULL, ", ", &rest)) {
		if (count == MAX_ALGS)
			return false;
		q->algs[count++] = alg;
	}
	return true;
}

/* A file made by hand ends in a newline that is nobody's. */
static struct span
without_newline(struct span text)
{
	if (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (text.len > 0 && text.ptr[text.len - 1] == '\r')
		text.len--;
	return text;
}

static void
tell_jws(struct cli *c, struct span text, struct span payload)
{
	AUTO(jws) j = {0};

	if (text.len > 0 && text.ptr[0] == 'e' && jws_parse(text, &j) == ERR_OK) {
		cli_text(c, "form", "compact");
		cli_text(c, "algorithm", j.header.alg);
		cli_text(c, "key_id", j.header.kid);
		cli_text(c, "type", j.header.typ);
	} else {
		cli_text(c, "form", "json");
	}
	if (json_check(payload) == ERR_OK) {
		cli_json(c, "payload", payload);
	} else if (span_is_text(payload)) {
		cli_text(c, "payload", (const char *)payload.ptr);
	} else {
		cli_base64url(c, "payload_base64url", payload);
	}
	err_forget();
}

static enum err
judge(struct cli *c, const struct question *q)
{
	const struct span text = without_newline(writer_span(&q->text));
	AUTO(writer) payload = writer_new(MAX_JWS);

	TRY(jws_verify_any(text, q->keys, q->list != NULL ? q->algs : NULL, &payload));
	tell_jws(c, text, writer_span(&payload));
	return ERR_OK;
}

/* A key that nobody gave is unknown; what our own machine could not do is refused; the rest is invalid. */
static int
end_with(struct cli *c, enum err e, const char *what)
{
	char why[300];

	if (e == ERR_OK)
		return cli_end(c, "valid", NULL, EXIT_DONE);
	if (err_http(e) >= 500)
		return cli_fail(c, e);
	(void)snprintf(why, sizeof(why), "%s%s", what, err_why()[0] != '\0' ? err_why() : err_text(e));
	err_forget();
	return cli_end(c, e == ERR_UNTRUSTED ? "unknown" : "invalid", why, EXIT_REFUSED);
}

static int
run(struct cli *c)
{
	AUTO(question) q = {.text = writer_new(MAX_JWS + 2)};
	AUTO(writer) keys = writer_new(MAX_KEYS);
	const char *list = cli_value(c, "--alg");
	enum err e;

	cli_begin(c);
	if (list != NULL && !take_algs(list, &q))
		return cli_end(c, "refused", "--alg takes at most 16 names, ES256,EdDSA", EXIT_USAGE);
	e = file_read(cli_value(c, "--jwks"), MAX_KEYS, &keys);
	if (e == ERR_OK)
		e = file_read(cli_file(c, 0), MAX_JWS + 2, &q.text);
	if (e != ERR_OK)
		return cli_fail(c, e);
	e = keys_parse(writer_span(&keys), &q.keys);
	if (e != ERR_OK)
		return end_with(c, e, "keys: ");
	return end_with(c, judge(c, &q), "");
}

static const struct cli_option options[] = {
	{"--jwks", "FILE", "the public keys to believe: a JWK Set, or one JWK", NULL, true, false},
	{"--alg", "LIST", "the algorithms to accept, ES256,EdDSA; without it, those of the keys", NULL, false, false},
	{0},
};

const struct cli_verb cli_verify_jws[] = {
	{"verify", "jws", "FILE", "check a compact, flattened or general JWS (RFC 7515) with keys given", options, run},
	{0},
};
