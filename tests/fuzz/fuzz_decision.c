/* Decisions from strangers with their evidence, in up to three parts: decision, status list, receipt. A part that starts with S is a payload, sealed here by the trusted key; O, a payload
 * sealed by another agency's; E, a log entry for which a good receipt is made ('@' in it stands for the decision's hash); else it is taken as it is. */
/* covers: lib/verify/decision.c lib/verify/finding.c */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "tests/fuzz/country.h"

/* What is taken once is written the same way for ever: signerd stores what decision_write gives. */
static void
payload_round_trip(struct span json)
{
	AUTO(writer) once = writer_new(4 * MAX_DECISION), twice = writer_new(4 * MAX_DECISION);
	AUTO(decision) d = {0}, again = {0};

	if (decision_read(json, &d) != ERR_OK)
		return;
	promise(decision_write(&d, &once) == ERR_OK);
	if (once.len > MAX_DECISION)
		return;
	promise(decision_read(writer_span(&once), &again) == ERR_OK);
	promise(decision_write(&again, &twice) == ERR_OK && span_equal(writer_span(&once), writer_span(&twice)));
}

static void
sealed(struct span part, EVP_PKEY *own, EVP_PKEY *other, const char *typ, struct writer *out)
{
	if (part.len > 0 && (part.ptr[0] == 'S' || part.ptr[0] == 'O'))
		country_seal(part.ptr[0] == 'S' ? own : other, typ, span_at(part.ptr + 1, part.len - 1), out);
	else
		writer_bytes(out, part);
}

static void
logged(struct span part, struct span jws, struct writer *out)
{
	const struct sha256 hash = sha256_of(jws);
	AUTO(writer) entry = writer_new(1 << 20);

	if (part.len == 0 || part.ptr[0] != 'E') {
		writer_bytes(out, part);
		return;
	}
	for (size_t i = 1; i < part.len; i++)
		if (part.ptr[i] == '@')
			base64url_write(&entry, sha256_span(&hash));
		else
			writer_u8(&entry, part.ptr[i]);
	country_receipt(writer_span(&entry), out);
}

/* Valid is said only with everything asked answered well, and never without trust. */
static void
judge(const struct decision_evidence *evidence)
{
	const struct trust *const trusts[] = {&country()->trust, &country()->without_log, NULL};

	for (size_t i = 0; i < sizeof(trusts) / sizeof(trusts[0]); i++) {
		AUTO(decision_finding) f = {0};

		if (decision_verify(evidence, trusts[i], &f) != ERR_OK)
			continue;
		promise(strlen(verdict_name(f.verdict)) > 0);
		promise((f.verdict == VERDICT_VALID) == (f.why[0] == '\0'));
		promise(f.seal || f.verdict != VERDICT_VALID);
		promise(f.verdict != VERDICT_VALID || (f.status && f.logged == (evidence->receipt.len > 0)));
		promise(trusts[i] != NULL || !f.seal);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(writer) jws = writer_new(1 << 20), status = writer_new(1 << 20), receipt = writer_new(1 << 20);
	struct span rest = span_at(data, size), part = {0};

	if (size > 1 << 16 || !part_take(&rest, &part))
		return 0;
	if (part.len > 0)
		payload_round_trip(span_at(part.ptr + 1, part.len - 1));
	sealed(part, country()->land, country()->tax, "decision+jwt", &jws);
	if (part_take(&rest, &part))
		sealed(part, country()->status, country()->land, "statuslist+jwt", &status);
	if (part_take(&rest, &part))
		logged(part, writer_span(&jws), &receipt);
	judge(&(struct decision_evidence){.jws = writer_span(&jws),
		.status_token = writer_span(&status),
		.receipt = writer_span(&receipt),
		.at = COUNTRY_NOW});
	return 0;
}
