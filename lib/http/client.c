#include "http/client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 5000, DEFAULT_MAX_REPLY = 1 << 20, MAX_HOST = 80 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t handle_key; /* a CURL handle a thread, so that connections are kept */

static void
close_handle(void *handle)
{
	curl_easy_cleanup(handle);
}

static void
start_up(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	(void)pthread_key_create(&handle_key, close_handle);
}

static CURL *
handle_of_thread(void)
{
	CURL *handle;

	(void)pthread_once(&once, start_up);
	handle = pthread_getspecific(handle_key);
	if (handle == NULL) {
		handle = curl_easy_init();
		(void)pthread_setspecific(handle_key, handle);
	}
	if (handle != NULL)
		curl_easy_reset(handle);
	return handle;
}

/* The body as it comes in; what does not fit ends the transfer. */
struct receiving {
	struct writer *to;
	size_t left;
	bool too_long;
};

static size_t
receive(char *data, size_t one, size_t len, void *context)
{
	struct receiving *r = context;

	(void)one;
	if (len > r->left) {
		r->too_long = true;
		return 0;
	}
	r->left -= len;
	writer_bytes(r->to, span_at(data, len));
	return writer_done(r->to) == ERR_OK ? len : 0;
}

static struct curl_slist *
headers_of(const struct http_call *call)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no waiting for 100 Continue */
	char type[160];

	if (call->content_type != NULL) {
		(void)snprintf(type, sizeof(type), "Content-Type: %s", call->content_type);
		list = curl_slist_append(list, type);
	}
	for (const char *const *header = call->headers; header != NULL && *header != NULL; header++)
		list = curl_slist_append(list, *header);
	return list;
}

static void
set_tls(CURL *c, const struct http_call *call)
{
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (call->ca_file != NULL) {
		curl_easy_setopt(c, CURLOPT_CAINFO, call->ca_file);
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	if (call->client_certificate != NULL) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, call->client_certificate);
		curl_easy_setopt(c, CURLOPT_SSLKEY, call->client_key);
	}
}

static void
set_options(CURL *c, const struct http_call *call, struct receiving *r, const struct curl_slist *headers)
{
	curl_easy_setopt(c, CURLOPT_URL, call->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, call->timeout_ms > 0 ? call->timeout_ms : (long)DEFAULT_TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (strcmp(call->method, "GET") != 0) {
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, call->method);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, call->body.ptr == NULL ? "" : (const char *)call->body.ptr);
	}
	set_tls(c, call);
}

/* Scheme, host and port of an address: paths and queries may hold what no log should. */
static int
origin_len(const char *url)
{
	const char *host = strstr(url, "://");
	const size_t len = host == NULL ? strcspn(url, "/?#") : (size_t)(host + 3 - url) + strcspn(host + 3, "/?#");

	return (int)(len > MAX_HOST ? MAX_HOST : len);
}

enum err
http_call(const struct http_call *call, int *status, struct writer *reply)
{
	struct receiving r = {.to = reply, .left = call->max_reply > 0 ? call->max_reply : DEFAULT_MAX_REPLY};
	CURL *c = handle_of_thread();
	struct curl_slist *headers;
	char cause[CURL_ERROR_SIZE] = "";
	long code = 0;
	CURLcode done;

	REQUIRE(c != NULL, ERR_NO_MEMORY);
	headers = headers_of(call);
	set_options(c, call, &r, headers);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, cause);
	done = curl_easy_perform(c);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(headers);
	REQUIRE_WHY(!r.too_long, ERR_TOO_LONG, "the answer of %.*s is longer than the limit", origin_len(call->url),
		call->url);
	TRY(writer_done(reply));
	REQUIRE_WHY(done != CURLE_SSL_CACERT_BADFILE, ERR_CONFIG, "%s: no certificates (PEM) can be read from it",
		call->ca_file != NULL ? call->ca_file : "the system's anchors");
	REQUIRE_WHY(done == CURLE_OK, ERR_UNAVAILABLE, "%.*s does not answer: %.120s", origin_len(call->url), call->url,
		cause[0] != '\0' ? cause : curl_easy_strerror(done));
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	*status = (int)code;
	return ERR_OK;
}

static void
write_encoded(struct writer *w, const char *text)
{
	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			strchr("-._~", c) != NULL)
			writer_u8(w, c);
		else
			writer_format(w, "%%%02X", c);
	}
}

void
form_write(struct writer *w, const char *name, const char *value)
{
	if (w->len > 0 && w->ptr[w->len - 1] != '?' && w->ptr[w->len - 1] != '#')
		writer_u8(w, '&');
	write_encoded(w, name);
	writer_u8(w, '=');
	write_encoded(w, value);
}
