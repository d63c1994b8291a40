/* A folder of pages as operators edit it, in up to four parts: texts/en.json, texts/dz.json, templates/a.html, templates/b.html. What is read is rendered in every language, and what a stranger typed stays
 * text: no markup of its value comes out as markup. */
/* covers: lib/http/template.c lib/http/template_parse.c lib/http/template_set.c lib/http/texts.c lib/http/page.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "http/template.h"
#include "tests/fuzz/country.h"

enum { FILES = 4, MAX_PATH = 128 };

#define TYPED "<q9 a='\"&'>"

static const char *const files[FILES] = {"texts/en.json", "texts/dz.json", "templates/a.html", "templates/b.html"};
static char folder[] = "/tmp/mohar-fuzz-XXXXXX";

static const char *
path_of(const char *name)
{
	static char path[MAX_PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
close_all(void)
{
	for (size_t i = 0; i < FILES; i++)
		(void)unlink(path_of(files[i]));
	(void)rmdir(path_of("texts"));
	(void)rmdir(path_of("templates"));
	(void)rmdir(folder);
}

static void
open_all(void)
{
	log_open("fuzz", LOG_LEVEL_ERROR);
	promise(mkdtemp(folder) != NULL && mkdir(path_of("texts"), 0700) == 0 &&
		mkdir(path_of("templates"), 0700) == 0);
	(void)atexit(close_all);
}

/* A part that is not there is a file that is not there. */
static void
write_part(const char *name, bool there, struct span bytes)
{
	FILE *f;

	if (!there) {
		(void)unlink(path_of(name));
		return;
	}
	f = fopen(path_of(name), "w");
	promise(f != NULL && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len && fclose(f) == 0);
}

static struct page *
filled(void)
{
	struct page *p = NULL;

	promise(page_new(&p) == ERR_OK);
	page_text(p, "name", TYPED);
	page_text(p, "gone", NULL);
	page_text(p, "empty", "");
	page_span(p, "span", SPAN(TYPED));
	page_int(p, "n", -7);
	page_bool(p, "yes", true);
	page_bool(p, "no", false);
	for (int i = 0; i < 2; i++) {
		page_item(p, "items");
		page_int(p, "n", i);
		page_text(p, "word", TYPED);
		page_item(p, "inner");
		page_bool(p, "no", true);
		page_item_end(p);
		page_item_end(p);
	}
	return p;
}

static void
render_all(const struct templates *t, bool typed_elsewhere)
{
	AUTO(page) *page = filled();

	for (const char *const *l = templates_languages(t); *l != NULL; l++)
		for (char name[] = "a"; name[0] <= 'c'; name[0]++) {
			AUTO(writer) out = writer_new(1 << 20);

			promise(strlen(templates_text(t, *l, name)) > 0 || templates_text(t, *l, name)[0] == '\0');
			if (template_render(t, name, *l, page, &out) != ERR_OK)
				continue;
			promise(name[0] != 'c'); /* there is no such file */
			promise(typed_elsewhere || out.len == 0 || memmem(out.ptr, out.len, "<q9", 3) == NULL);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool opened;
	struct span rest = span_at(data, size);
	AUTO(templates) *t = NULL;

	if (!opened)
		open_all();
	opened = true;
	if (size == 0 || size > 1 << 16)
		return 0;
	for (size_t i = 0; i < FILES; i++) {
		struct span part = {0};
		const bool there = part_take(&rest, &part);

		write_part(files[i], there, part);
	}
	if (templates_read(folder, &t) == ERR_OK) {
		promise(strcmp(templates_languages(t)[0], "en") == 0);
		render_all(t, memmem(data, size, "q9", 2) != NULL);
	} else {
		promise(t == NULL && err_why()[0] != '\0');
	}
	err_forget();
	return 0;
}
