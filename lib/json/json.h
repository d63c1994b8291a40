/* json: RFC 8259 text decoded into C structs by tables, and written from C straight down. Used at every JSON edge; json_t goes no further.
 * Duplicate members are always an error. Unknown ones are an error unless the table says open. Depth and size have limits. */
#ifndef MOHAR_JSON_JSON_H
#define MOHAR_JSON_JSON_H

#include "base/clock.h"
#include "base/writer.h"

enum { MAX_JSON = 4 << 20, MAX_JSON_DEPTH = 32, MAX_JSON_ITEMS = 10000 };

enum json_kind {
	JSON_TEXT,    /* char *: owned, NUL-terminated, no NUL inside; row.max in bytes (0: 4096) */
	JSON_INT,     /* int64_t, integers only, |n| <= 2^53 - 1; row.min to row.max (both 0: any) */
	JSON_BOOL,    /* bool */
	JSON_BYTES,   /* struct json_bytes: base64url text decoded; row.max in bytes decoded (0: 4096) */
	JSON_TEXTS,   /* struct json_list of char *; row.max items (0: 64) */
	JSON_OBJECT,  /* a nested struct in place, by row.table */
	JSON_OBJECTS, /* struct json_list of structs by row.table; row.max items (0: 64) */
	JSON_RAW, /* char *: the member's own text re-serialised compactly, members sorted, for what is checked elsewhere */
};

enum json_presence { JSON_OPTIONAL, JSON_REQUIRED };

struct json_bytes {
	uint8_t *ptr; /* owned; NULL if absent */
	size_t len;
};

struct json_list {
	void *items; /* owned: char *[] or struct[] */
	size_t count;
};

struct json_table;

struct json_row {
	const char *name;
	enum json_kind kind;
	enum json_presence presence;
	size_t offset;
	int64_t min, max;
	const struct json_table *table; /* JSON_OBJECT, JSON_OBJECTS */
	size_t present;                 /* offset of a bool that tells whether it was there; 0: none */
};

struct json_table {
	const char *what; /* names the thing in errors: "client metadata" */
	const struct json_row *rows;
	size_t count;
	size_t size; /* of the struct */
	bool open;   /* unknown members are passed over */
};

/* Decodes text into *out (zeroed first). ERR_MALFORMED with a reason that names line, member and what was expected;
 * ERR_TOO_LONG. On error *out is zero and owns nothing. Strings are checked UTF-8. */
MUST_USE enum err json_decode(struct span text, const struct json_table *table, void *out);

/* The same from a file of at most MAX_JSON bytes; the reason starts with "PATH:LINE: ". ERR_CONFIG instead of ERR_MALFORMED. */
MUST_USE enum err json_decode_file(const char *path, const struct json_table *table, void *out);

/* Frees what decode allocated in *out and zeroes it. */
void json_free(const struct json_table *table, void *out);

/* The i-th text of a JSON_TEXTS list. */
const char *json_text_at(const struct json_list *list, size_t i);

/* Does a JSON_TEXTS list hold text? */
bool json_texts_have(const struct json_list *list, const char *text);

/* Is text one JSON object, without duplicate members, within the limits? For what is passed on or stored raw. */
MUST_USE enum err json_check(struct span text);

/* The same object in one form: compact, members sorted, as JSON_RAW gives it. Appended to out. For what is hashed. Errors as json_check. */
MUST_USE enum err json_canonical(struct span text, struct writer *out);

/* ---- writing: commas and nesting are kept by the writer; the order is the caller's ---- */
struct json_writer {
	struct writer *to;
	unsigned depth;
	bool comma[MAX_JSON_DEPTH];
};

struct json_writer json_to(struct writer *w);
/* name NULL inside an array or at the top. Linked under names of their own: jansson exports these two, and would otherwise call ours. */
void json_object(struct json_writer *j, const char *name) __asm__("mohar_json_object");
void json_object_end(struct json_writer *j);
void json_array(struct json_writer *j, const char *name) __asm__("mohar_json_array");
void json_array_end(struct json_writer *j);
void json_text(struct json_writer *j, const char *name, const char *text); /* NULL text: the member is left out */
void json_span(struct json_writer *j, const char *name, struct span text); /* text, escaped */
void json_int(struct json_writer *j, const char *name, int64_t n);
void json_bool(struct json_writer *j, const char *name, bool b);
void json_bytes64(struct json_writer *j, const char *name, struct span bytes); /* base64url text */
void json_hex(struct json_writer *j, const char *name, struct span bytes);
void json_time(struct json_writer *j, const char *name, unix_time t);     /* RFC 3339 text */
void json_raw(struct json_writer *j, const char *name, struct span json); /* checked JSON, as it is */

#endif
