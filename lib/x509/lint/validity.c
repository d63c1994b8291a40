/* The validity period, RFC 5280 4.1.2.5, and how long browsers take a server's certificate. */
#include "x509/lint/rule.h"

enum { DAY = 86400, BACKDATED = 48 * 3600 };
#define YEAR_2050 2524608000 /* 2050-01-01T00:00:00Z */

static void
form_of(const char *name, const struct view_time *t, struct finder *f)
{
	if (t->tag != TAG_UTC_TIME && t->tag != TAG_GENERALIZED_TIME)
		found(f, "%s: tag %02x", name, (unsigned)t->tag);
	else if (!t->readable)
		found_text(f, name, t->text);
}

static void
check_form(const struct view *v, struct finder *f)
{
	form_of("notBefore", &v->not_before, f);
	form_of("notAfter", &v->not_after, f);
}

static void
year_of(const char *name, const struct view_time *t, struct finder *f)
{
	if (t->readable && t->tag == TAG_GENERALIZED_TIME && t->at < YEAR_2050)
		found_text(f, name, t->text);
}

static void
check_year(const struct view *v, struct finder *f)
{
	year_of("notBefore", &v->not_before, f);
	year_of("notAfter", &v->not_after, f);
}

static bool
both(const struct view *v)
{
	return v->not_before.readable && v->not_after.readable;
}

static void
check_order(const struct view *v, struct finder *f)
{
	if (both(v) && v->not_after.at < v->not_before.at)
		found(f, "notAfter is %lld s before notBefore", (long long)(v->not_before.at - v->not_after.at));
}

static void
check_issuer(const struct view *v, struct finder *f)
{
	if (v->issuing == NULL || !both(v) || !both(v->issuing))
		return;
	if (v->not_after.at > v->issuing->not_after.at)
		found(f, "notAfter is %lld s after the issuer's",
			(long long)(v->not_after.at - v->issuing->not_after.at));
	if (v->not_before.at < v->issuing->not_before.at)
		found(f, "notBefore is %lld s before the issuer's",
			(long long)(v->issuing->not_before.at - v->not_before.at));
}

static void
check_backdated(const struct view *v, struct finder *f)
{
	if (v->context->now == 0 || !v->not_before.readable)
		return;
	if (v->not_before.at < v->context->now - BACKDATED || v->not_before.at > v->context->now + BACKDATED)
		found(f, "notBefore is %lld s from the moment of signing",
			(long long)(v->not_before.at - v->context->now));
}

/* BR 6.3.2: by the day on which it begins. Seconds count inclusively (RFC 5280 4.1.2.5). */
static void
check_days(const struct view *v, struct finder *f)
{
	static const struct {
		int64_t since, days;
	} limits[] = {{1868227200, 47}, {1805068800, 100}, {1773532800, 200}, {0, 398}};
	const int64_t seconds = v->not_after.at - v->not_before.at + 1;

	for (size_t i = 0; both(v) && i < sizeof(limits) / sizeof(limits[0]); i++)
		if (v->not_before.at >= limits[i].since) {
			if (seconds > limits[i].days * DAY)
				found(f, "%lld s, the limit is %lld days", (long long)seconds,
					(long long)limits[i].days);
			return;
		}
}

static const struct lint_rule rules[] = {
	RULE("validity.form", "RFC 5280 4.1.2.5", LINT_ERROR, KIND_EVERY,
		"times are YYMMDDHHMMSSZ (UTCTime) or YYYYMMDDHHMMSSZ (GeneralizedTime), and exist", check_form),
	RULE("validity.year-2050", "RFC 5280 4.1.2.5", LINT_ERROR, KIND_EVERY, "years until 2049 are UTCTime",
		check_year),
	RULE("validity.order", "RFC 5280 4.1.2.5", LINT_ERROR, KIND_EVERY,
		"a certificate does not end before it begins", check_order),
	RULE("validity.issuer", "RFC 5280 6.1.3", LINT_WARNING, KIND_EVERY,
		"a certificate lives within its issuer's life", check_issuer),
	RULE("validity.backdated", "BR 7.1.2.7", LINT_WARNING, KIND_TLS, "notBefore is within 48 hours of the signing",
		check_backdated),
	RULE("validity.tls-days", "BR 6.3.2", LINT_WARNING, KIND_TLS,
		"a server's certificate lasts 398 days at most, from 2026-03-15 200, from 2027-03-15 100, from 2029-03-15 47",
		check_days),
};
LINT_GROUP(lint_validity, rules);
