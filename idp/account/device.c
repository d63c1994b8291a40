#include "idp/account/device.h"

#include <string.h>

struct word {
	const char *sign, *name;
};

/* In this order: later ones are named by the earlier ones too. */
static const struct word browsers[] = {
	{"Edg/", "Edge"},
	{"OPR/", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"},
	{"Firefox/", "Firefox"},
	{"FxiOS/", "Firefox"},
	{"CriOS/", "Chrome"},
	{"HeadlessChrome/", "Chromium"},
	{"Chrome/", "Chrome"},
	{"Safari/", "Safari"},
	{"curl/", "curl"},
};
static const struct word systems[] = {
	{"iPhone", "iPhone"},
	{"iPad", "iPad"},
	{"Android", "Android"},
	{"CrOS", "ChromeOS"},
	{"Windows", "Windows"},
	{"Mac OS X", "macOS"},
	{"Linux", "Linux"},
};

static const char *
find(const struct word *words, size_t count, const char *in)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(in, words[i].sign) != NULL)
			return words[i].name;
	return NULL;
}

void
device_write(struct writer *w, const char *user_agent)
{
	const char *browser =
		find(browsers, sizeof(browsers) / sizeof(browsers[0]), user_agent == NULL ? "" : user_agent);
	const char *system = find(systems, sizeof(systems) / sizeof(systems[0]), user_agent == NULL ? "" : user_agent);

	writer_text(w, browser == NULL ? "" : browser);
	writer_text(w, browser == NULL || system == NULL ? "" : ", ");
	writer_text(w, system == NULL ? "" : system);
}
