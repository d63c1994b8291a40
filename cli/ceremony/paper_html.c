/* One HTML file without scripts and without anything from elsewhere, which a browser shows on any screen and prints on A4. */
#include "cli/ceremony/paper.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"

enum { GROUP = 4 };

static const char style[] =
	"*{box-sizing:border-box}"
	"body{margin:0 auto;max-width:48rem;padding:1rem;font:11pt/1.45 'Noto Sans','DejaVu Sans',system-ui,sans-serif;color:#111;background:#fff;overflow-wrap:anywhere}"
	"h1{font-size:1.5rem;line-height:1.25;margin:.2rem 0 .6rem}"
	"h2{font-size:1.1rem;margin:1.6rem 0 .6rem;padding-bottom:.2rem;border-bottom:2px solid #111;break-after:avoid}"
	"h3{font-size:1rem;margin:0;display:flex;flex-wrap:wrap;gap:0 .6rem;break-after:avoid}"
	"h3 .n{min-width:1.6rem}h3 .t{flex:1}h3 time{font-weight:normal;font-size:.85rem;color:#444;white-space:nowrap}"
	".kind{margin:0;font-size:.85rem;letter-spacing:.06em;text-transform:uppercase;color:#444}"
	".step{margin:.8rem 0;padding:.5rem 0 0;border-top:1px solid #bbb;break-inside:avoid}"
	".step>:not(h3){margin-left:2.2rem}"
	"blockquote{margin:.3rem 0;padding-left:.7rem;border-left:3px solid #888;font-style:italic}"
	".f{display:grid;grid-template-columns:10rem 1fr;gap:0 .8rem;margin:.15rem 0;break-inside:avoid}"
	".f dt{color:#444}.f dd{margin:0}"
	"dl{margin:0}"
	".h,pre{font-family:'DejaVu Sans Mono','Noto Sans Mono',monospace;font-size:.82rem}"
	".h{word-spacing:.15em;max-width:25em}"
	"pre{white-space:pre-wrap;margin:.5rem 0;padding:.6rem .8rem;border:1px solid #888;background:#f6f6f6;line-height:1.4}"
	".line{border-bottom:1px solid #111;height:1.5em}"
	".tree,.tree ul{list-style:none;margin:0;padding-left:1.4rem}.tree{padding-left:0}"
	".tree li{position:relative;padding:.15rem 0}"
	".tree ul>li::before{content:'';position:absolute;left:-1rem;top:0;width:.8rem;height:1rem;border-left:1.5px solid #555;border-bottom:1.5px solid #555}"
	".tree ul>li:not(:last-child)::after{content:'';position:absolute;left:-1rem;top:0;bottom:0;border-left:1.5px solid #555}"
	".tree b{display:block}.tree span{font-size:.85rem;color:#333}"
	".boxes{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.8rem}"
	".box{border:1.5px solid #111;padding:.5rem .7rem;min-height:7.5rem;display:flex;flex-direction:column;break-inside:avoid}"
	".box .role{font-size:.8rem;color:#444}.box .name{min-height:1.4em;font-weight:bold}.box .note{font-size:.8rem}"
	".box .sign{margin-top:auto;padding-top:2.2rem;display:flex;gap:1rem;font-size:.75rem;color:#444}"
	".box .sign span{flex:2;border-top:1px solid #111}.box .sign span+span{flex:1}"
	"@media(max-width:36rem){.f{grid-template-columns:1fr;margin:.4rem 0}pre{font-size:.7rem;padding:.5rem}.step>:not(h3){margin-left:0}.f dt{font-size:.85rem}h3 time{flex-basis:100%;padding-left:2.2rem}}"
	"@media print{body{max-width:none;padding:0;font-size:9.5pt}.kind,.tree span,.f dt,h3 time{color:#111}pre{background:none}a{color:inherit}}";

static void
text(struct writer *w, const char *from)
{
	struct span left = span_of(from), shown;
	char escape[PAPER_ESCAPE];
	size_t len;

	while ((len = paper_character(left, escape, &shown)) > 0) {
		if (shown.len == 1 && strchr("&<>\"'", shown.ptr[0]) != NULL)
			writer_format(w, "&#%d;", shown.ptr[0]);
		else
			writer_bytes(w, shown);
		left = span_at(left.ptr + len, left.len - len);
	}
}

static void
tag(struct paper *p, const char *before, const char *content, const char *after)
{
	writer_text(&p->body, before);
	text(&p->body, content);
	writer_text(&p->body, after);
}

static void
digits(struct writer *w, const char *hex, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && i % GROUP == 0)
			writer_u8(w, ' ');
		writer_u8(w, (uint8_t)hex[i]);
	}
}

/* Boxes, a tree, a step: begun by the first, ended by whatever else comes. */
static void
boxes_end(struct paper *p)
{
	if (p->boxes)
		writer_text(&p->body, "</div>\n");
	p->boxes = false;
}

static void
tree_end(struct paper *p)
{
	for (; p->depth > 0; p->depth--)
		writer_text(&p->body, "</li></ul>\n");
}

static void
block(struct paper *p)
{
	tree_end(p);
	boxes_end(p);
}

static void
step_end(struct paper *p)
{
	block(p);
	if (p->open)
		writer_text(&p->body, "</section>\n");
	p->open = false;
}

static void
section(struct paper *p, const char *title)
{
	step_end(p);
	tag(p, "<h2>", title, "</h2>\n");
}

static void
field(struct paper *p, const char *name, const char *value)
{
	block(p);
	tag(p, "<dl class=\"f\"><dt>", name, "</dt>");
	tag(p, "<dd>", value, "</dd></dl>\n");
}

static void
hash(struct paper *p, const char *name, const char *hex)
{
	block(p);
	tag(p, "<dl class=\"f\"><dt>", name, "</dt><dd class=\"h\">");
	digits(&p->body, hex, strlen(hex));
	writer_text(&p->body, "</dd></dl>\n");
}

static void
step(struct paper *p, size_t number, const char *title, const char *right)
{
	step_end(p);
	writer_format(&p->body, "<section class=\"step\"><h3><span class=\"n\">%zu</span>", number);
	tag(p, "<span class=\"t\">", title, "</span>");
	tag(p, "<time>", right, "</time></h3>\n");
	p->open = true;
}

static void
say(struct paper *p, const char *words)
{
	block(p);
	tag(p, "<blockquote>", words, "</blockquote>\n");
}

static void
words(struct paper *p, const char *from)
{
	block(p);
	writer_text(&p->body, "<pre>");
	for (; *from != '\0'; from += strcspn(from, "\n"), from += *from == '\n') {
		const struct span line = span_at(from, strcspn(from, "\n"));
		size_t prefix = line.len;
		const char *hex = paper_line_hash(line, &prefix);
		AUTO(writer) head = writer_new(MAX_PAPER);

		writer_bytes(&head, span_at(line.ptr, prefix));
		text(&p->body, (const char *)writer_span(&head).ptr);
		if (hex != NULL) {
			digits(&p->body, hex, SHA256_LEN);
			writer_format(&p->body, "\n%*s", (int)prefix, "");
			digits(&p->body, hex + SHA256_LEN, SHA256_LEN);
		}
		writer_u8(&p->body, '\n');
	}
	writer_text(&p->body, "</pre>\n");
}

static void
blank(struct paper *p, const char *name)
{
	block(p);
	tag(p, "<dl class=\"f\"><dt>", name, "</dt><dd class=\"line\"></dd></dl>\n");
}

/* p->depth: one more than the depth of the last node. */
static void
node(struct paper *p, unsigned depth, const char *name, const char *detail)
{
	boxes_end(p);
	if (p->depth == 0)
		writer_text(&p->body, "<ul class=\"tree\">");
	for (; p->depth > depth + 1; p->depth--)
		writer_text(&p->body, "</li></ul>");
	if (p->depth == depth + 1)
		writer_text(&p->body, "</li>\n");
	else if (depth > 0)
		writer_text(&p->body, "<ul>\n");
	p->depth = depth + 1;
	tag(p, "<li><b>", name, "</b>");
	tag(p, "<span>", detail, "</span>");
}

static void
box(struct paper *p, const char *role, const char *name, const char *note)
{
	if (p->open)
		step_end(p);
	tree_end(p);
	if (!p->boxes)
		writer_text(&p->body, "<div class=\"boxes\">\n");
	p->boxes = true;
	tag(p, "<div class=\"box\"><div class=\"role\">", role, "</div>");
	tag(p, "<div class=\"name\">", name, "</div>");
	tag(p, "<div class=\"note\">", note,
		"</div><div class=\"sign\"><span>signature</span><span>date</span></div></div>\n");
}

/* A CSS string (CSS Syntax 4.3.5): what is not a letter, a digit or beyond ASCII by its number. */
static void
css_string(struct writer *w, const char *from)
{
	struct span left = span_of(from), shown;
	char escape[PAPER_ESCAPE];
	size_t len;

	writer_u8(w, '"');
	while ((len = paper_character(left, escape, &shown)) > 0) {
		for (size_t i = 0; i < shown.len; i++) {
			const uint8_t c = shown.ptr[i];

			if (c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == ' ')
				writer_u8(w, c);
			else
				writer_format(w, "\\%02x ", c);
		}
		left = span_at(left.ptr + len, left.len - len);
	}
	writer_u8(w, '"');
}

static void
page_rules(const struct paper *p, const char *hex, struct writer *out)
{
	writer_text(out,
		"@page{size:A4;margin:24mm 16mm 22mm 20mm;font:8pt 'DejaVu Sans',sans-serif;@top-left{font-size:8pt;width:75%;content:");
	css_string(out, p->title);
	writer_text(out,
		"}@top-right{font-size:8pt;content:\"page \" counter(page) \" of \" counter(pages)}@bottom-left{font:7pt 'DejaVu Sans Mono',monospace;width:100%;content:\"");
	digits(out, hex, strlen(hex));
	writer_text(out, "\"}}");
}

static enum err
end(struct paper *p, struct writer *out)
{
	AUTO(writer) hex = writer_new(2 * SHA256_LEN);

	step_end(p);
	TRY(writer_done(&p->body));
	hex_write(&hex, sha256_span(&p->hash));
	writer_text(out,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>");
	text(out, p->title);
	writer_text(out, "</title>\n<style>");
	page_rules(p, (const char *)writer_span(&hex).ptr, out);
	writer_text(out, style);
	writer_text(out, "</style></head>\n<body>\n<p class=\"kind\">");
	text(out, p->kind);
	writer_text(out, "</p><h1>");
	text(out, p->title);
	writer_text(out, "</h1>\n");
	writer_bytes(out, writer_span(&p->body));
	writer_text(out, "</body></html>\n");
	return writer_done(out);
}

const struct paper_form paper_html = {section, field, hash, step, say, words, blank, node, box, end};
