/* view: a certificate taken apart for the lint: spans into its bytes, nothing copied. It reads more than DER allows (long forms of length, any times, any tags), so that
 * rules can say what is wrong. Used by the rule groups only. */
#ifndef MOHAR_X509_LINT_VIEW_H
#define MOHAR_X509_LINT_VIEW_H

#include "base/clock.h"
#include "base/span.h"

enum { MAX_VIEW_EXTENSIONS = 64, MAX_VIEW_DEPTH = 24, MAX_VIEW_ELEMENTS = 1 << 15 };

/* Tags, X.680 8.6. */
enum {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_BIT_STRING = 0x03,
	TAG_OCTET_STRING = 0x04,
	TAG_NULL = 0x05,
	TAG_OBJECT = 0x06,
	TAG_UTF8 = 0x0c,
	TAG_PRINTABLE = 0x13,
	TAG_TELETEX = 0x14,
	TAG_IA5 = 0x16,
	TAG_UTC_TIME = 0x17,
	TAG_GENERALIZED_TIME = 0x18,
	TAG_VISIBLE = 0x1a,
	TAG_UNIVERSAL = 0x1c,
	TAG_BMP = 0x1e,
	TAG_CONSTRUCTED = 0x20,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_CONTEXT = 0x80, /* [0] primitive */
	TAG_CONTEXT_CONSTRUCTED = 0xa0,
};

/* GeneralName's choices (RFC 5280 4.2.1.6). */
enum {
	NAME_OTHER = 0xa0,
	NAME_EMAIL = 0x81,
	NAME_DNS = 0x82,
	NAME_X400 = 0xa3,
	NAME_DIRECTORY = 0xa4,
	NAME_EDI = 0xa5,
	NAME_URI = 0x86,
	NAME_IP = 0x87,
	NAME_REGISTERED = 0x88,
};

struct tlv {
	uint8_t tag;
	struct span whole, contents;
};

/* The next element of rest, which moves on; false at the end, and for what is none. Any definite form of length. */
bool tlv_next(struct span *rest, struct tlv *out);
/* As tlv_next, if it has this tag; rest moves on only then. */
bool tlv_take(struct span *rest, uint8_t tag, struct tlv *out);
/* A BOOLEAN's value as BER has it, an INTEGER's if it fits 63 bits and is not negative, else -1. */
int64_t tlv_number(struct span contents);

/* One element, for the rules about the encoding itself. */
struct element {
	struct span contents;
	uint8_t tag;
	uint8_t header; /* bytes of tag and length */
	uint8_t depth;
};

enum extension {
	EXTENSION_OTHER,
	EXTENSION_AUTHORITY_KEY,
	EXTENSION_SUBJECT_KEY,
	EXTENSION_KEY_USAGE,
	EXTENSION_POLICIES,
	EXTENSION_POLICY_MAPPINGS,
	EXTENSION_SUBJECT_NAMES,
	EXTENSION_ISSUER_NAMES,
	EXTENSION_DIRECTORY_ATTRIBUTES,
	EXTENSION_BASIC_CONSTRAINTS,
	EXTENSION_NAME_CONSTRAINTS,
	EXTENSION_POLICY_CONSTRAINTS,
	EXTENSION_EXTENDED_KEY_USAGE,
	EXTENSION_DISTRIBUTION_POINTS,
	EXTENSION_INHIBIT_ANY_POLICY,
	EXTENSION_FRESHEST_LIST,
	EXTENSION_AUTHORITY_ACCESS,
	EXTENSION_SUBJECT_ACCESS,
	EXTENSION_QC_STATEMENTS,
	EXTENSION_NO_CHECK,
	EXTENSION_SCT_LIST,
	EXTENSION_POISON,
	EXTENSION_COUNT,
};

struct view_extension {
	enum extension kind;
	struct span oid, value; /* value: contents of the OCTET STRING */
	bool critical;
	bool default_encoded; /* critical FALSE was written out */
	bool one_value;       /* value is exactly one element, and all in it */
	struct tlv inner;     /* that element */
};

struct view_algorithm {
	struct span whole, oid, parameters; /* parameters: the whole element, empty if absent */
};

struct view_time {
	uint8_t tag;
	struct span text;
	bool readable; /* it is a form of time with a date that exists; at is then set */
	unix_time at;
};

/* What a certificate is for, by what it says itself. */
enum {
	KIND_ROOT = 1 << 0, /* a CA that is its own issuer */
	KIND_CA = 1 << 1,   /* any other CA */
	KIND_LEAF = 1 << 2,
	KIND_TLS = 1 << 3,  /* leaf with serverAuth */
	KIND_OCSP = 1 << 4, /* leaf with OCSPSigning */
	KIND_TSA = 1 << 5,  /* leaf with timeStamping */
	KIND_QC = 1 << 6,   /* has a statement of EN 319 412-5 */
	KIND_ESIGN = 1 << 7,
	KIND_ESEAL = 1 << 8,
	KIND_ANY_CA = KIND_ROOT | KIND_CA,
	KIND_EVERY = (1 << 9) - 1,
};

struct view {
	struct span input;
	bool whole;          /* everything below is set */
	bool indefinite;     /* an indefinite length stopped the reading */
	const char *missing; /* !whole: the field that is not there, or not what it should be */
	size_t trailing;     /* bytes after the outermost element */

	bool signed_;          /* a certificate, not a TBSCertificate */
	struct span signature; /* contents of the BIT STRING */
	struct view_algorithm outer;

	struct span version; /* contents; empty if absent, which is v1 */
	struct span serial;
	struct view_algorithm algorithm;
	struct span issuer, subject; /* whole names */
	struct view_time not_before, not_after;
	struct span spki;
	struct view_algorithm key;
	struct span key_bits; /* contents of the BIT STRING */
	bool unique_id;
	bool has_extensions;
	struct view_extension extensions[MAX_VIEW_EXTENSIONS];
	size_t extension_count;
	const struct view_extension *known[EXTENSION_COUNT]; /* the first of each */

	bool ca;
	int64_t path_length; /* -1: none */
	bool has_usage;
	unsigned usage; /* bit n is bit n of RFC 5280 4.2.1.3 */
	unsigned kinds;

	const struct lint_context *context;
	const struct view *issuing; /* the issuer's certificate, whole; NULL: not known */

	struct element *elements; /* owned */
	size_t element_count;
};

/* Takes apart. *out is to be freed whatever comes; ERR_NO_MEMORY only, all else is told by whole. */
MUST_USE enum err view_open(struct span der, bool is_certificate, struct view *out);
void view_free(struct view *v);

/* The i-th text of a Name: its attributes one after the other. False past the last. */
struct view_attribute {
	struct span oid, value;
	uint8_t tag;
	size_t of_rdn; /* how many attributes its RDN has */
};
struct view_name {
	struct span rdns, rdn;
	size_t of_rdn;
};
struct view_name view_name(struct span name);
bool view_attribute(struct view_name *n, struct view_attribute *out);
/* The first attribute of this type. */
bool view_name_find(struct span name, struct span oid, struct view_attribute *out);
/* "CN", or the OID in dots; into 64 bytes. */
const char *view_oid(struct span oid, char text[64]);

/* The elements of an extension that is a SEQUENCE OF: empty if it is not there or not well formed. */
struct span view_items(const struct view *v, enum extension kind);
bool view_has_purpose(const struct view *v, struct span oid);
/* The next GeneralName of this choice. */
bool view_has_name(struct span names, uint8_t choice);
/* What an extension is called. */
const char *view_extension_name(const struct view_extension *e, char text[64]);

#endif
