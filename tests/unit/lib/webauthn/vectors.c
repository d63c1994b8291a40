#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "json/json.h"

enum { MAX_HEX = 16 << 10 };

/* The file as it is written: hexadecimal texts. */
struct written_ceremony {
	char *challenge, *client_data, *attestation_object, *auth_data, *signature, *credential_id, *aaguid;
};

struct written_vector {
	char *name, *rp_id, *origin;
	struct written_ceremony registration, authentication;
};

struct written_file {
	struct {
		char *certificate;
	} ca;
	struct json_list vectors;
};

#define HEX(member, presence, field)                                                                  \
	{                                                                                             \
		member, JSON_TEXT, presence, offsetof(struct written_ceremony, field), .max = MAX_HEX \
	}

static const struct json_row ceremony_rows[] = {
	HEX("challenge", JSON_REQUIRED, challenge),
	HEX("clientDataJSON", JSON_REQUIRED, client_data),
	HEX("attestationObject", JSON_OPTIONAL, attestation_object),
	HEX("authenticatorData", JSON_OPTIONAL, auth_data),
	HEX("signature", JSON_OPTIONAL, signature),
	HEX("credential_id", JSON_OPTIONAL, credential_id),
	HEX("aaguid", JSON_OPTIONAL, aaguid),
};

static const struct json_table ceremony_table = {"ceremony", ceremony_rows,
	sizeof(ceremony_rows) / sizeof(ceremony_rows[0]), sizeof(struct written_ceremony), true};

static const struct json_row vector_rows[] = {
	{"name", JSON_TEXT, JSON_REQUIRED, offsetof(struct written_vector, name), .max = 100},
	{"rp_id", JSON_TEXT, JSON_REQUIRED, offsetof(struct written_vector, rp_id), .max = 100},
	{"origin", JSON_TEXT, JSON_REQUIRED, offsetof(struct written_vector, origin), .max = 100},
	{"registration", JSON_OBJECT, JSON_REQUIRED, offsetof(struct written_vector, registration),
		.table = &ceremony_table},
	{"authentication", JSON_OBJECT, JSON_REQUIRED, offsetof(struct written_vector, authentication),
		.table = &ceremony_table},
};

static const struct json_table vector_table = {"vector", vector_rows, sizeof(vector_rows) / sizeof(vector_rows[0]),
	sizeof(struct written_vector), true};

static const struct json_row ca_rows[] = {
	{"attestation_ca_cert", JSON_TEXT, JSON_REQUIRED, 0, .max = MAX_HEX},
};

static const struct json_table ca_table = {"attestation CA", ca_rows, 1, sizeof(char *), true};

static const struct json_row file_rows[] = {
	{"attestation_ca", JSON_OBJECT, JSON_REQUIRED, offsetof(struct written_file, ca), .table = &ca_table},
	{"vectors", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct written_file, vectors), .max = MAX_VECTORS,
		.table = &vector_table},
};

static const struct json_table file_table = {"WebAuthn vectors", file_rows, sizeof(file_rows) / sizeof(file_rows[0]),
	sizeof(struct written_file), true};

static struct bytes
take(const char *hex)
{
	struct bytes b = {NULL, 0};

	if (hex == NULL)
		return b;
	b.ptr = malloc(strlen(hex) / 2 + 1);
	if (b.ptr == NULL || hex_read(span_of(hex), b.ptr, strlen(hex) / 2, &b.len) != ERR_OK)
		abort();
	return b;
}

static struct ceremony
take_ceremony(const struct written_ceremony *w)
{
	return (struct ceremony){
		.challenge = take(w->challenge),
		.client_data = take(w->client_data),
		.attestation_object = take(w->attestation_object),
		.auth_data = take(w->auth_data),
		.signature = take(w->signature),
	};
}

static char *
pem_of(struct bytes der)
{
	AUTO(writer) w = writer_new(16384);
	uint8_t *text;
	size_t len;

	writer_text(&w, "-----BEGIN CERTIFICATE-----\n");
	for (size_t i = 0; i < der.len; i += 48) {
		base64_write(&w, span_at(der.ptr + i, der.len - i < 48 ? der.len - i : 48));
		writer_text(&w, "\n");
	}
	writer_text(&w, "-----END CERTIFICATE-----\n");
	if (writer_take(&w, &text, &len) != ERR_OK)
		abort();
	return (char *)text;
}

static struct vector
take_vector(const struct written_vector *w)
{
	return (struct vector){
		.name = strdup(w->name),
		.rp_id = strdup(w->rp_id),
		.origins = {strdup(w->origin), NULL},
		.credential_id = take(w->registration.credential_id),
		.aaguid = take(w->registration.aaguid),
		.registration = take_ceremony(&w->registration),
		.authentication = take_ceremony(&w->authentication),
	};
}

static void
take_all(const struct written_file *file, struct vectors *all)
{
	const struct written_vector *list = file->vectors.items;
	const struct bytes der = take(file->ca.certificate);

	all->root = pem_of(der);
	free(der.ptr);
	for (size_t i = 0; i < file->vectors.count; i++)
		all->at[all->count++] = take_vector(&list[i]);
}

/* Kept for the process: a test program reads them once. */
const struct vectors *
vectors(void)
{
	static struct vectors all;
	const char *folder = getenv("MOHAR_VECTORS");
	struct written_file file;
	char path[4096];

	if (all.count > 0)
		return &all;
	if (folder == NULL)
		return NULL;
	(void)snprintf(path, sizeof(path), "%s/webauthn-l3.json", folder);
	const enum err e = json_decode_file(path, &file_table, &file);

	if (e == ERR_NOT_FOUND)
		return NULL;
	if (e != ERR_OK) {
		(void)fprintf(stderr, "%s\n", err_why());
		abort();
	}
	take_all(&file, &all);
	json_free(&file_table, &file);
	return &all;
}

struct span
bytes_span(const struct bytes *b)
{
	return span_at(b->ptr, b->len);
}

struct webauthn_expect
vector_expect(const struct vector *v, const struct ceremony *c)
{
	static const char *const tops[] = {"https://example.com", NULL};

	return (struct webauthn_expect){
		.rp_id = v->rp_id,
		.origins = v->origins,
		.top_origins = tops,
		.challenge = bytes_span(&c->challenge),
		.attestation_trust = vectors()->root,
		.at = 1800000000,
	};
}

static void
open_envelope(struct json_writer *j, const struct vector *v)
{
	json_object(j, NULL);
	json_bytes64(j, "id", bytes_span(&v->credential_id));
	json_bytes64(j, "rawId", bytes_span(&v->credential_id));
	json_text(j, "type", "public-key");
	json_object(j, "clientExtensionResults"); /* what a browser adds */
	json_object_end(j);
	json_object(j, "response");
}

void
vector_registration(struct writer *w, const struct vector *v, const struct ceremony *c)
{
	struct json_writer j = json_to(w);

	open_envelope(&j, v);
	json_bytes64(&j, "clientDataJSON", bytes_span(&c->client_data));
	json_bytes64(&j, "attestationObject", bytes_span(&c->attestation_object));
	json_object_end(&j);
	json_object_end(&j);
}

void
vector_authentication(struct writer *w, const struct vector *v, const struct ceremony *c)
{
	struct json_writer j = json_to(w);

	open_envelope(&j, v);
	json_bytes64(&j, "clientDataJSON", bytes_span(&c->client_data));
	json_bytes64(&j, "authenticatorData", bytes_span(&c->auth_data));
	json_bytes64(&j, "signature", bytes_span(&c->signature));
	json_object_end(&j);
	json_object_end(&j);
}
