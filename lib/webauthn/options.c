#include "webauthn/webauthn.h"

#include "json/json.h"
#include "webauthn/cose.h"

enum { TIMEOUT_MS = 300 * 1000 }; /* as long as a challenge lives */

static void
write_descriptors(struct json_writer *j, const char *name, const struct webauthn_id *ids, size_t count)
{
	json_array(j, name);
	for (size_t i = 0; i < count; i++) {
		json_object(j, NULL);
		json_text(j, "type", "public-key");
		json_bytes64(j, "id", ids[i].bytes);
		json_object_end(j);
	}
	json_array_end(j);
}

bool
webauthn_offered(int64_t algorithm)
{
	const struct cose_algorithm *a = cose_algorithm_of(algorithm);

	return a != NULL && a->offered;
}

/* The table's order is the order of preference (5.4). */
static void
write_algorithms(struct json_writer *j)
{
	const struct cose_algorithm *a;

	json_array(j, "pubKeyCredParams");
	for (size_t i = 0; (a = cose_algorithm_at(i)) != NULL; i++) {
		if (!a->offered)
			continue;
		json_object(j, NULL);
		json_text(j, "type", "public-key");
		json_int(j, "alg", a->id);
		json_object_end(j);
	}
	json_array_end(j);
}

/* Discoverable and verified: the credential alone says who it is, and is a second factor in itself. */
static void
write_selection(struct json_writer *j)
{
	json_object(j, "authenticatorSelection");
	json_text(j, "residentKey", "required");
	json_bool(j, "requireResidentKey", true);
	json_text(j, "userVerification", "required");
	json_object_end(j);
	json_text(j, "attestation", "direct"); /* the assurance level depends on the model */
}

void
webauthn_creation_options(struct writer *w, const char *rp_id, const char *rp_name, struct span user_id,
	const char *user_name, const char *display_name, struct span challenge, const struct webauthn_id *exclude,
	size_t exclude_count)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_object(&j, "rp");
	json_text(&j, "id", rp_id);
	json_text(&j, "name", rp_name);
	json_object_end(&j);
	json_object(&j, "user");
	json_bytes64(&j, "id", user_id);
	json_text(&j, "name", user_name);
	json_text(&j, "displayName", display_name);
	json_object_end(&j);
	json_bytes64(&j, "challenge", challenge);
	write_algorithms(&j);
	json_int(&j, "timeout", TIMEOUT_MS);
	write_descriptors(&j, "excludeCredentials", exclude, exclude_count);
	write_selection(&j);
	json_object_end(&j);
}

void
webauthn_request_options(struct writer *w, const char *rp_id, struct span challenge, const struct webauthn_id *allow,
	size_t allow_count)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_bytes64(&j, "challenge", challenge);
	json_int(&j, "timeout", TIMEOUT_MS);
	json_text(&j, "rpId", rp_id);
	write_descriptors(&j, "allowCredentials", allow, allow_count);
	json_text(&j, "userVerification", "required");
	json_object_end(&j);
}
