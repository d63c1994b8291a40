#include "webauthn/attestation/attestation.h"

/* One row for each format; each struct stands in the file of its name. */
extern const struct attestation_format attestation_android_key;
extern const struct attestation_format attestation_apple;
extern const struct attestation_format attestation_fido_u2f;
extern const struct attestation_format attestation_none;
extern const struct attestation_format attestation_packed;
extern const struct attestation_format attestation_tpm;

static const struct attestation_format *const formats[] = {
	&attestation_android_key,
	&attestation_apple,
	&attestation_fido_u2f,
	&attestation_none,
	&attestation_packed,
	&attestation_tpm,
};

const struct attestation_format *
attestation_format_of(struct span name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (span_is(name, formats[i]->name))
			return formats[i];
	return NULL;
}
