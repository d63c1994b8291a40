#include "tests/unit/lib/test.h"

#include "http/exchange.h"
#include "http/page.h"
#include "http/template_set.h"
#include "idp/login/frame.h"

static struct idp d;

static int
start(void **state)
{
	const char *root = getenv("MOHAR_ROOT");
	char folder[4096];

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/idp/web", root == NULL ? "." : root);
	assert_ok(templates_read(folder, &d.pages));
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	templates_free(&d.pages);
	return 0;
}

/* The page's frame for a target. */
static struct exchange *
frame_of(const char *target, struct page **p)
{
	struct exchange *x = exchange_new(NULL, target, NULL);

	assert_ok(form_read(span_of(x->request.query_raw), &x->request.arena, &x->request.query));
	assert_ok(page_new(p));
	page_frame(&d, &x->request, &x->reply, "en", *p);
	assert_int_equal((*p)->failed, ERR_OK);
	return x;
}

static void
expect_here(const char *target, const char *expected)
{
	AUTO(page) *p = NULL;
	struct exchange *x = frame_of(target, &p);

	assert_string_equal(page_find(p, SIZE_MAX, "here")->text, expected);
	exchange_free(&x);
}

CASE(language_link_keeps_the_flow_and_drops_the_old_language)
{
	expect_here("/account", "/account?");
	expect_here("/login?flow=abc", "/login?flow=abc&");
	expect_here("/login?lang=dz&flow=abc", "/login?flow=abc&");
	expect_here("/login?flow=abc&lang=dz", "/login?flow=abc&");
}

CASE(language_link_never_leads_to_another_host)
{
	expect_here("//evil.example/x", "/?");
	expect_here("/\\evil.example", "/?");
}

CASE(language_asked_for_is_kept_and_an_unknown_one_is_not)
{
	AUTO(page) *p = NULL;
	struct exchange *x = frame_of("/?lang=dz", &p);

	assert_string_equal(frame_language(&d, &x->request), "dz");
	assert_non_null(strstr(reply_find(&x->reply, "Set-Cookie"), "__Host-lang=dz;"));
	exchange_free(&x);
	page_free(&p);
	x = frame_of("/?lang=xx", &p);
	assert_null(frame_language(&d, &x->request));
	assert_null(reply_find(&x->reply, "Set-Cookie"));
	exchange_free(&x);
}

static void
expect_policy(const char *uri, const char *ending)
{
	AUTO(page) *p = NULL;
	struct exchange *x = frame_of("/", &p);
	const char *policy;

	frame_form_to(&x->reply, uri);
	policy = reply_find(&x->reply, "Content-Security-Policy");
	assert_non_null(strstr(policy, "default-src 'none'; script-src 'self';"));
	assert_non_null(strstr(policy, "frame-ancestors 'none'; base-uri 'none';"));
	assert_string_equal(strstr(policy, "form-action"), ending);
	exchange_free(&x);
}

CASE(form_may_end_at_the_portal_it_is_for)
{
	expect_policy(NULL, "form-action 'self'");
	expect_policy("https://portal.example/cb?x=y", "form-action 'self' https://portal.example");
	expect_policy("http://localhost:9009/cb", "form-action 'self' http://localhost:9009");
	expect_policy("https://[::1]:8443", "form-action 'self' https://[::1]:8443");
}

CASE(address_cannot_widen_the_policy)
{
	expect_policy("javascript:alert(1)", "form-action 'self'");
	expect_policy("https://", "form-action 'self'");
	expect_policy("https://a.example; script-src *", "form-action 'self'");
	expect_policy("https://a.example'unsafe-inline'", "form-action 'self'");
	expect_policy("https://*.example/", "form-action 'self'");
	expect_policy("https://user@a.example/", "form-action 'self'");
}

/* With no-referrer a browser sends "Origin: null" with forms, and same_origin() would refuse every one. */
CASE(referrer_policy_lets_forms_name_their_origin)
{
	AUTO(page) *p = NULL;
	struct exchange *x = frame_of("/", &p);

	assert_string_equal(reply_find(&x->reply, "Referrer-Policy"), "same-origin");
	exchange_free(&x);
}

CASE(time_is_shown_to_the_minute_and_never_is_absent)
{
	AUTO(page) *p = NULL;

	assert_ok(page_new(&p));
	page_time(p, "a", 1769903999);
	page_time(p, "b", 0);
	assert_string_equal(page_find(p, SIZE_MAX, "a")->text, "2026-01-31 23:59 UTC");
	assert_string_equal(page_find(p, SIZE_MAX, "a_iso")->text, "2026-01-31T23:59:59Z");
	assert_int_equal(page_find(p, SIZE_MAX, "b")->kind, PAGE_ABSENT);
}

/* Start-up refuses keys that English lacks; so as many texts are the same texts. */
CASE(every_text_is_there_in_every_language)
{
	for (size_t i = 1; i < d.pages->language_count; i++)
		assert_int_equal(d.pages->languages[i].texts.count, d.pages->languages[0].texts.count);
}

/* page_refusal() looks for error_<name> of every error. */
CASE(every_error_has_words_for_people)
{
	static const char *const names[] = {
#define X(name, http, text) #name,
		ERR_TABLE(X)
#undef X
	};
	char key[64];

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(key, sizeof(key), "error_%s", names[i]);
		for (char *c = key; *c != '\0'; c++)
			*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
		if (strcmp(templates_text(d.pages, "en", key), key) == 0)
			fail_msg("no text %s in idp/web/texts/en.json", key);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(language_link_keeps_the_flow_and_drops_the_old_language),
		cmocka_unit_test(language_link_never_leads_to_another_host),
		cmocka_unit_test(language_asked_for_is_kept_and_an_unknown_one_is_not),
		cmocka_unit_test(form_may_end_at_the_portal_it_is_for),
		cmocka_unit_test(address_cannot_widen_the_policy),
		cmocka_unit_test(referrer_policy_lets_forms_name_their_origin),
		cmocka_unit_test(time_is_shown_to_the_minute_and_never_is_absent),
		cmocka_unit_test(every_text_is_there_in_every_language),
		cmocka_unit_test(every_error_has_words_for_people)};

	return cmocka_run_group_tests(tests, start, stop);
}
