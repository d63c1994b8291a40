#include "tests/unit/lib/test.h"

#include "idp/account/device.h"

static void
expect(const char *agent, const char *expected)
{
	AUTO(writer) w = writer_new(100);

	device_write(&w, agent);
	assert_span(writer_span(&w), expected);
}

CASE(browser_is_named_by_its_own_name_not_by_those_it_claims)
{
	expect("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
		"Edge, Windows");
	expect("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
		"Chrome, Android");
	expect("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox, Linux");
	expect("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
		"Safari, iPhone");
	expect("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
		"Safari, macOS");
}

CASE(unknown_text_is_not_shown)
{
	expect(NULL, "");
	expect("", "");
	expect("<script>alert(1)</script>", "");
	expect("curl/7.88.1", "curl");
	expect("SomethingNew/1.0 (Linux)", "Linux");
}

RUN(cmocka_unit_test(browser_is_named_by_its_own_name_not_by_those_it_claims),
	cmocka_unit_test(unknown_text_is_not_shown))
