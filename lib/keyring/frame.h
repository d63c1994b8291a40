/* frame: the wire between mohar-hsmd and its clients (docs/PROTOCOL.md), both directions in one file. Used by lib/keyring and by hsm/.
 * A frame is `u32 length | u8 version | u8 op | u32 id | bytes`; a message is the bytes of one frame, or of several with the same id of which all
 * but the last carry FRAME_MORE; its content is fields, `u8 tag | u32 length | value`, tags strictly ascending. All numbers are big-endian. */
#ifndef MOHAR_KEYRING_FRAME_H
#define MOHAR_KEYRING_FRAME_H

#include "base/reader.h"
#include "base/writer.h"
#include "keyring/keyring.h"

enum {
	FRAME_VERSION = 1,
	FRAME_HEAD = 10,   /* length, version, op, id */
	FRAME_MORE = 0x80, /* in op: the message goes on in the next frame */
	MAX_FRAME_BYTES = MAX_HSM_FRAME - FRAME_HEAD,
	MAX_MESSAGE = MAX_HSM_OBJECT + MAX_HSM_FRAME, /* the object, and room for the other fields */
};

/*      op        number  fields demanded                         also allowed */
#define OP_TABLE(X)                                                                                                    \
	X(STATUS, 1, 0, 0)                                                                                             \
	X(LIST, 2, 0, 0)                                                                                               \
	X(PUBKEY, 3, FIELD_BIT(LABEL), 0)                                                                              \
	X(GENERATE, 4, FIELD_BIT(LABEL), 0)                                                                            \
	X(SIGN, 5, FIELD_BIT(LABEL) | FIELD_BIT(OBJECT), FIELD_BIT(EVIDENCE))                                          \
	X(MAC, 6, FIELD_BIT(LABEL) | FIELD_BIT(OBJECT), 0)                                                             \
	X(WRAP, 7, FIELD_BIT(LABEL), FIELD_BIT(OBJECT) | FIELD_BIT(EVIDENCE))                                          \
	X(UNWRAP, 8, FIELD_BIT(LABEL) | FIELD_BIT(OBJECT), 0)                                                          \
	X(RANDOM, 9, FIELD_BIT(COUNT), 0)                                                                              \
	X(CHALLENGE, 10, FIELD_BIT(LABEL) | FIELD_BIT(OBJECT) | FIELD_BIT(DIGESTS), 0)                                 \
	X(ACTIVATE, 11,                                                                                                \
		FIELD_BIT(LABEL) | FIELD_BIT(OBJECT) | FIELD_BIT(EVIDENCE) | FIELD_BIT(DIGESTS) | FIELD_BIT(NONCE), 0) \
	X(RETIRE, 12, FIELD_BIT(LABEL) | FIELD_BIT(OBJECT), 0)                                                         \
	X(PROPOSE, 13, FIELD_BIT(OBJECT) | FIELD_BIT(KIND), FIELD_BIT(LABEL) | FIELD_BIT(EVIDENCE))                    \
	X(APPROVE, 14, FIELD_BIT(OBJECT) | FIELD_BIT(EVIDENCE) | FIELD_BIT(NONCE), 0)                                  \
	X(METRICS, 15, 0, 0)

enum frame_op {
#define X(name, number, demanded, allowed) OP_##name = (number),
	OP_TABLE(X)
#undef X
};

enum field {
	FIELD_LABEL,    /* tag 1: a key's label, 1 to MAX_KEY_LABEL characters of [a-z0-9-] */
	FIELD_OBJECT,   /* tag 2: what is signed, MACed or unwrapped */
	FIELD_EVIDENCE, /* tag 3: what the key's purpose demands beside it */
	FIELD_COUNT,    /* tag 4: u16, bytes of randomness wanted */
	FIELD_CODE,     /* tag 5, replies: u8, a row of the code table */
	FIELD_REASON,   /* tag 6, replies: UTF-8, one line, why not */
	FIELD_RESULT,   /* tag 7, replies: what was asked for */
	FIELD_SECRET,   /* tag 8, replies: a data key */
	FIELD_DIGESTS,  /* tag 9: u8 length of each, then 1 to MAX_DIGESTS digests of that length */
	FIELD_NONCE,    /* tag 10: HSM_NONCE_LEN bytes that mohar-hsmd gave: of a challenge, of a proposal */
	FIELD_KIND,     /* tag 11: which kind of act is proposed, 1 to MAX_KEY_LABEL characters of [a-z0-9-] */
	FIELDS,
};
#define FIELD_BIT(name) (1U << FIELD_##name)

/* A message's fields, borrowed from its bytes. */
struct fields {
	unsigned present; /* FIELD_BIT()s */
	struct span at[FIELDS];
};

struct frame_head {
	uint8_t op; /* without FRAME_MORE; any value: fields_of() knows which exist */
	bool more;
	uint32_t id;
	size_t len; /* of the bytes that follow */
};

/* The first FRAME_HEAD bytes of a frame. ERR_MALFORMED: too short a length; ERR_TOO_LONG: beyond MAX_HSM_FRAME; ERR_UNSUPPORTED: version. */
MUST_USE enum err frame_head_read(struct span bytes, struct frame_head *out);

/* Appends body as one frame or, beyond MAX_FRAME_BYTES, as several. */
void frame_write(struct writer *w, uint8_t op, uint32_t id, struct span body);

/* Appends one field. */
void field_write(struct writer *w, enum field field, struct span value);

/* FIELD_DIGESTS, read: MAX_DIGESTS at most, all of SHA-256, of SHA-384 or of SHA-512. ERR_MALFORMED, ERR_TOO_LONG. */
MUST_USE enum err digests_read(struct span field, struct digests *out);
struct span digest_at(const struct digests *d, size_t i);

/* May a request of this op take more than one frame? */
bool op_is_long(uint8_t op);

/* A request's fields. ERR_UNSUPPORTED: no such op; ERR_MALFORMED: unknown, repeated, unordered, missing or surplus fields, or a value out of form. */
MUST_USE enum err request_read(uint8_t op, struct span body, struct fields *out);

/* A reply's fields: FIELD_CODE, and FIELD_REASON, FIELD_RESULT, FIELD_SECRET where there are such. ERR_MALFORMED. */
MUST_USE enum err reply_read(struct span body, struct fields *out);

/* An error's number on the wire, which stays when enum err changes, and back; an unknown number is ERR_UNAVAILABLE. */
uint8_t code_of(enum err e);
enum err code_error(uint8_t code);

/* The op's name ("SIGN"), static; "?" if there is none. */
const char *op_name(uint8_t op);

#endif
