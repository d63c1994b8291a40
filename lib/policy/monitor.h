/* monitor: policies/monitor.json: what is usual in the transparency log; everything else is told. Used by `mohar log monitor` and `mohar policy check`. */
#ifndef MOHAR_POLICY_MONITOR_H
#define MOHAR_POLICY_MONITOR_H

#include "json/json.h"

/* Certificates that this issuer makes by this profile. */
struct monitor_rule {
	char *issuer, *profile;
	int64_t days;     /* validity at most */
	int64_t per_hour; /* so many at most; 0: any number */
	bool tell;        /* each is worth a look: CA certificates */
};

struct monitor_policy {
	int64_t version;
	struct json_list types;        /* char *: of events that the log is known to hold */
	struct json_list certificates; /* struct monitor_rule */
	int64_t clock_seconds; /* entries may stand so much out of their times' order, or ahead of the reader's clock */
	int64_t backdate_seconds; /* a certificate may begin so long before it was made */
	int64_t revocations_per_hour;
	int64_t quiet_seconds; /* so long without an entry is strange; 0: never */
};

/* ERR_CONFIG with FILE:LINE. */
MUST_USE enum err monitor_policy_read(const char *path, struct monitor_policy *out);
void monitor_policy_free(struct monitor_policy *p);
/* Its index; -1 if there is none. */
int monitor_rule_of(const struct monitor_policy *p, const char *issuer, const char *profile);

#endif
