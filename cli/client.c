#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/registry.h"

enum { MAX_BODY = 40 << 10, MAX_KEYS = 32 << 10 };
#define CLIENTS "/registry/clients"

static enum err
id_of(struct cli *c, const char **out)
{
	REQUIRE_WHY(cli_file_count(c) == 1, ERR_MALFORMED, "one CLIENT is wanted");
	*out = cli_file(c, 0);
	return ERR_OK;
}

/* The values of a repeated option as a JSON array; left out if there are none. */
static void
write_values(struct cli *c, struct json_writer *j, const char *member, const char *option)
{
	if (cli_value_at(c, option, 0) == NULL)
		return;
	json_array(j, member);
	for (size_t i = 0; cli_value_at(c, option, i) != NULL; i++)
		json_text(j, NULL, cli_value_at(c, option, i));
	json_array_end(j);
}

/* --name en=Text: a list of languages and texts. */
static enum err
write_names(struct cli *c, struct json_writer *j)
{
	json_array(j, "name");
	for (size_t i = 0; cli_value_at(c, "--name", i) != NULL; i++) {
		const char *value = cli_value_at(c, "--name", i), *equals = strchr(value, '=');

		REQUIRE_WHY(equals != NULL && equals > value && equals[1] != '\0', ERR_MALFORMED,
			"--name: LANGUAGE=TEXT, as in en=Land records");
		json_object(j, NULL);
		json_span(j, "language", span_at(value, (size_t)(equals - value)));
		json_text(j, "text", equals + 1);
		json_object_end(j);
	}
	json_array_end(j);
	return ERR_OK;
}

static enum err
write_level(struct cli *c, struct json_writer *j, const char *member, const char *option)
{
	const char *text = cli_value(c, option);

	if (text == NULL)
		return ERR_OK;
	REQUIRE_WHY(strlen(text) == 1 && text[0] >= '1' && text[0] <= '3', ERR_MALFORMED, "%s: 1, 2 or 3", option);
	json_int(j, member, text[0] - '0');
	return ERR_OK;
}

/* Only its shape: the registry judges the keys. */
struct key_set {
	char *keys;
};
static const struct json_row key_set_rows[] = {
	{"keys", JSON_RAW, JSON_REQUIRED, offsetof(struct key_set, keys), 0, MAX_KEYS, NULL, 0},
};
static const struct json_table key_set_table = {"JWK Set", key_set_rows, 1, sizeof(struct key_set), true};

static enum err
write_keys(struct cli *c, struct json_writer *j)
{
	const char *path = cli_value(c, "--jwks");
	AUTO(writer) keys = writer_new(MAX_KEYS);
	struct key_set set;

	if (path == NULL)
		return ERR_OK;
	TRY(file_read(path, MAX_KEYS, &keys));
	if (json_decode(writer_span(&keys), &key_set_table, &set) != ERR_OK)
		return err_because(ERR_MALFORMED, "%s: not a JWK Set: {\"keys\": [PUBLIC JWK...]} (RFC 7517 5)", path);
	json_free(&key_set_table, &set);
	json_raw(j, "jwks", writer_span(&keys));
	return ERR_OK;
}

/* ---- add ---- */
static const struct cli_option add_options[] = {
	REGISTRY_OPTIONS,
	{"--id", "ID", "its identifier; a random one if absent", NULL, false, false},
	{"--name", "LANGUAGE=TEXT", "what people see, once a language", NULL, true, true},
	{"--sector", "SECTOR", "portals of one sector see the same subject, of different ones never", NULL, true,
		false},
	{"--agency", "AGENCY", "the agency it acts for", NULL, false, false},
	{"--auth", "METHOD", "none, client_secret_basic or private_key_jwt", NULL, true, false},
	{"--jwks", "FILE", "its public keys, a JWK Set, for private_key_jwt", NULL, false, false},
	{"--redirect", "URI", "a redirect address, matched byte for byte", NULL, false, true},
	{"--logout", "URI", "an address to return to after logging out", NULL, false, true},
	{"--scope", "SCOPE", "a scope it may ask for: one of policies/claims.json of mohar-idpd", NULL, true, true},
	{"--grant", "GRANT", "a grant it may use; the code flow, or client_credentials without a redirect, if absent",
		NULL, false, true},
	{"--resource", "URL", "an audience it may ask access tokens for", NULL, false, true},
	{"--min-level", "N", "the least level it accepts; 1 if absent", NULL, false, false},
	{"--max-level", "N", "the highest level it may ask for; 3 if absent", NULL, false, false},
	{"--require-par", NULL, "it must push its requests", NULL, false, false},
	{0},
};

static enum err
add_body(struct cli *c, struct writer *body)
{
	struct json_writer j = json_to(body);

	json_object(&j, NULL);
	json_text(&j, "id", cli_value(c, "--id"));
	TRY(write_names(c, &j));
	json_text(&j, "sector", cli_value(c, "--sector"));
	json_text(&j, "agency", cli_value(c, "--agency"));
	json_text(&j, "auth_method", cli_value(c, "--auth"));
	TRY(write_keys(c, &j));
	write_values(c, &j, "redirect_uris", "--redirect");
	write_values(c, &j, "post_logout_redirect_uris", "--logout");
	write_values(c, &j, "scopes", "--scope");
	write_values(c, &j, "grants", "--grant");
	write_values(c, &j, "resources", "--resource");
	TRY(write_level(c, &j, "min_level", "--min-level"));
	TRY(write_level(c, &j, "max_level", "--max-level"));
	json_bool(&j, "require_par", cli_flag(c, "--require-par"));
	json_object_end(&j);
	return writer_done(body);
}

static enum err
add(struct cli *c)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	TRY(add_body(c, &body));
	TRY(registry_send(c, "client.add", CLIENTS, NULL, NULL, writer_span(&body), &reply));
	return registry_tell(c, writer_span(&reply));
}

static int
run_add(struct cli *c)
{
	cli_begin(c);
	return registry_end(c, add(c));
}

/* ---- show, rotate, revoke ---- */
static const struct cli_option plain_options[] = {REGISTRY_OPTIONS, {0}};
static const struct cli_option rotate_options[] = {
	REGISTRY_OPTIONS,
	{"--jwks", "FILE", "its new public keys, a JWK Set, for private_key_jwt", NULL, false, false},
	{0},
};

static enum err
order_about(struct cli *c, const char *act, const char *verb, bool with_keys, struct writer *reply)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	struct json_writer j = json_to(&body);
	const char *id;

	TRY(id_of(c, &id));
	json_object(&j, NULL);
	json_text(&j, "id", id);
	if (with_keys)
		TRY(write_keys(c, &j));
	json_object_end(&j);
	TRY(writer_done(&body));
	return registry_send(c, act, CLIENTS, id, verb, writer_span(&body), reply);
}

static int
run_show(struct cli *c)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	cli_begin(c);
	const enum err e = order_about(c, "client.show", "show", false, &reply);

	if (e == ERR_OK)
		cli_json(c, "client", writer_span(&reply));
	return registry_end(c, e);
}

static int
run_rotate(struct cli *c)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	cli_begin(c);
	enum err e = order_about(c, "client.rotate", "rotate", true, &reply);

	if (e == ERR_OK)
		e = registry_tell(c, writer_span(&reply));
	return registry_end(c, e);
}

static int
run_revoke(struct cli *c)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	cli_begin(c);
	enum err e = order_about(c, "client.revoke", "revoke", false, &reply);

	if (e == ERR_OK)
		e = registry_tell(c, writer_span(&reply));
	return registry_end(c, e);
}

const struct cli_verb cli_client[] = {
	{"client", "add", NULL, "register an agency's portal or service; its secret is told once", add_options,
		run_add},
	{"client", "show", "CLIENT", "a client as it is registered", plain_options, run_show},
	{"client", "rotate", "CLIENT", "a new secret, or new keys", rotate_options, run_rotate},
	{"client", "revoke", "CLIENT", "end a client and all its tokens", plain_options, run_revoke},
	{0},
};
