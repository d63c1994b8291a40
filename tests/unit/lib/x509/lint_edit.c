#include "tests/unit/lib/test.h"

#include "tests/unit/lib/x509/lint_edit.h"
#include "x509/lint/view.h"

enum { MAX_EDITED = 64 << 10 };

static unsigned
nibble(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

void
hex_append(const char *hex, struct writer *out)
{
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		writer_u8(out, (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1])));
		hex++;
	}
}

static void
element_write(uint8_t tag, struct span contents, struct writer *out)
{
	writer_u8(out, tag);
	if (contents.len >= 0x100) {
		writer_u8(out, 0x82);
		writer_u16(out, (uint16_t)contents.len);
	} else {
		if (contents.len >= 0x80)
			writer_u8(out, 0x81);
		writer_u8(out, (uint8_t)contents.len);
	}
	writer_bytes(out, contents);
}

static bool
is_chosen(const char *step, size_t place, struct span rest, const struct tlv *child)
{
	AUTO(writer) oid = writer_new(64);
	struct span inside = child->contents;
	char hex[64] = "";
	struct tlv id;

	if (step[0] == 'l')
		return rest.len == 0;
	if (step[0] != 'x')
		return (size_t)strtoul(step, NULL, 10) == place;
	(void)snprintf(hex, sizeof(hex), "%.*s", (int)strcspn(step + 1, "/"), step + 1);
	hex_append(hex, &oid);
	return tlv_take(&inside, TAG_OBJECT, &id) && span_equal(id.contents, writer_span(&oid));
}

static void
edit_at(const struct tlv *t, const char *path, enum edit op, const char *hex, struct writer *out)
{
	AUTO(writer) contents = writer_new(MAX_EDITED);
	const char *next = strchr(path, '/');
	struct span rest = t->contents;
	bool done = false;
	struct tlv child;

	next = next ? next + 1 : path + strlen(path);
	if (path[0] == '\0') {
		writer_bytes(&contents, t->contents);
		if (op == ADD)
			hex_append(hex, &contents);
		else
			hex_append(hex, out);
		if (op == ADD)
			element_write(t->tag, writer_span(&contents), out);
		else if (op == BEFORE)
			writer_bytes(out, t->whole);
		return;
	}
	if (path[0] == 'v') {
		if (t->tag == TAG_BIT_STRING) {
			writer_u8(&contents, rest.ptr[0]);
			rest = span_at(rest.ptr + 1, rest.len - 1);
		}
		assert_true(tlv_next(&rest, &child));
		edit_at(&child, next, op, hex, &contents);
		done = true;
	}
	for (size_t place = 0; path[0] != 'v' && tlv_next(&rest, &child); place++)
		if (!done && is_chosen(path, place, rest, &child)) {
			edit_at(&child, next, op, hex, &contents);
			done = true;
		} else
			writer_bytes(&contents, child.whole);
	if (!done)
		fail_msg("no such place: %s", path);
	element_write(t->tag, writer_span(&contents), out);
}

void
der_edit(struct span der, const char *path, enum edit op, const char *hex, struct writer *out)
{
	struct tlv t;

	assert_true(tlv_next(&der, &t));
	if (op == TAIL) {
		writer_bytes(out, t.whole);
		hex_append(hex, out);
	} else
		edit_at(&t, path, op, hex, out);
	assert_ok(writer_done(out));
}
