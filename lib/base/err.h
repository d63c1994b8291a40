/* err: the one error type. Every function that can fail returns it, and every caller must look.
 * Used by everything. A new error is one row below; its name, its HTTP status and its exit code come from the same row. */
#ifndef MOHAR_BASE_ERR_H
#define MOHAR_BASE_ERR_H

/*      name                    HTTP  what the caller may tell the world */
#define ERR_TABLE(X)                                            \
	X(OK, 200, "done")                                      \
	/* the peer's fault: what it sent */                    \
	X(MALFORMED, 400, "not well formed")                    \
	X(TOO_LONG, 413, "longer than the limit")               \
	X(UNSUPPORTED, 400, "not supported here")               \
	X(EXPIRED, 400, "expired, or not valid yet")            \
	X(USED, 400, "already used")                            \
	X(MISMATCH, 400, "does not match what was asked")       \
	X(BAD_SIGNATURE, 400, "the signature does not verify")  \
	X(UNTRUSTED, 400, "no trusted issuer stands behind it") \
	X(REVOKED, 403, "revoked or suspended")                 \
	/* the peer's fault: who it is */                       \
	X(UNAUTHENTICATED, 401, "who you are is not shown")     \
	X(REFUSED, 403, "not permitted")                        \
	X(NOT_FOUND, 404, "no such thing here")                 \
	X(METHOD, 405, "not with this method")                  \
	X(EXISTS, 409, "exists already")                        \
	X(TOO_MANY, 429, "too many requests, try again later")  \
	/* ours, or the world's */                              \
	X(CONFIG, 500, "the configuration is wrong")            \
	X(CRYPTO, 500, "a cryptographic operation failed")      \
	X(CORRUPT, 500, "stored data does not verify")          \
	X(IO, 500, "reading or writing failed")                 \
	X(UNAVAILABLE, 503, "not available now, try again")     \
	X(NO_MEMORY, 503, "out of memory")

enum err {
#define X(name, http, text) ERR_##name,
	ERR_TABLE(X)
#undef X
};

#define MUST_USE __attribute__((warn_unused_result))

/* Runs expr; hands any error to our own caller. Cleanup is AUTO()'s job, so leaving early is safe anywhere. */
#define TRY(expr)                                 \
	do {                                      \
		const enum err try_err_ = (expr); \
		if (try_err_ != ERR_OK)           \
			return try_err_;          \
	} while (0)

/* Refuses with error unless cond holds. */
#define REQUIRE(cond, error)            \
	do {                            \
		if (!(cond))            \
			return (error); \
	} while (0)

/* Refuses and remembers why, for the boundary that logs: REQUIRE_WHY(ok, ERR_MISMATCH, "RFC 9449 4.3: htu mismatch").
 * What follows is a printf format and its arguments; never a secret, never a national number. */
#define REQUIRE_WHY(cond, error, ...)                             \
	do {                                                      \
		if (!(cond))                                      \
			return err_because((error), __VA_ARGS__); \
	} while (0)

/* Frees a local struct when its scope ends, by its own x_free(&x) (x_free takes struct x **, or struct x * for value types). */
#define AUTO(type) __attribute__((cleanup(type##_free))) struct type

/* The error's name ("MALFORMED"), static; never NULL. */
const char *err_name(enum err e);

/* What the world may be told ("not well formed"), static; never NULL. */
const char *err_text(enum err e);

/* The HTTP status a boundary answers with, from the row. */
int err_http(enum err e);

/* The exit code of a command (INTERFACES.md): 0 done, 1 refused or invalid, 3 service not reachable. Wrong usage (2) is the
 * command line's own to say. */
int err_exit(enum err e);

/* Remembers, for this thread, why an error is about to be returned. 255 bytes at most; control characters become '?'. */
void err_remember(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Remembers why, and is error: return err_because(ERR_MALFORMED, "RFC 7515 3.1: %zu parts", n). A macro, so that compiler and
 * analysers see which error it is. */
#define err_because(error, ...) (err_remember(__VA_ARGS__), (enum err)(error))

/* The reason last remembered in this thread; "" if none. The boundary reads it once, then calls err_forget(). */
const char *err_why(void);
void err_forget(void);

#endif
