#include "x509/issue_digest.h"

enum { MAX_ISSUE_JSON = 64 << 10 };

void
name_parts_write(struct json_writer *j, const char *name, const struct name_part *parts, size_t count)
{
	json_array(j, name);
	for (size_t i = 0; i < count; i++) {
		json_object(j, NULL);
		json_text(j, "type", parts[i].type);
		json_text(j, "value", parts[i].value);
		json_object_end(j);
	}
	json_array_end(j);
}

enum err
issue_digest(const struct issue_facts *facts, struct sha256 *out)
{
	AUTO(writer) w = writer_new(MAX_ISSUE_JSON);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	name_parts_write(&j, "names", facts->names, facts->names_count);
	json_text(&j, "person", facts->person);
	json_text(&j, "profile", facts->profile);
	json_bytes64(&j, "spki_sha256", facts->spki_sha256);
	name_parts_write(&j, "subject", facts->subject, facts->subject_count);
	json_object_end(&j);
	TRY(writer_done(&w));
	*out = sha256_of(writer_span(&w));
	return ERR_OK;
}
