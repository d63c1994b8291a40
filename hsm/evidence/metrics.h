/* metrics: what mohar-hsmd counts, as a page in Prometheus' text format (version 0.0.4). Used by the operation METRICS. */
#ifndef MOHAR_HSM_EVIDENCE_METRICS_H
#define MOHAR_HSM_EVIDENCE_METRICS_H

#include "hsm/service.h"

/* Appends the page. */
MUST_USE enum err metrics_write(struct service *s, struct writer *text);

/* Appends value as it stands between the quotes of a label: backslash, quote and newline escaped. */
void metrics_label(struct writer *text, const char *value);

#endif
