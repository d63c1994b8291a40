/* migrate: brings one schema to the version that this program was built for. Used by each daemon's `migrate` start mode, run as the schema's owner, never by the
 * serving role. Files NNN_name.sql, in order of number, each in a transaction with its row in SCHEMA.migration (number, name, sha256, at). */
#ifndef MOHAR_DB_MIGRATE_H
#define MOHAR_DB_MIGRATE_H

#include "base/err.h"

/* Creates the schema if missing, sets search_path to it, and applies what is missing from the folders (NULL-terminated; the first is always share/lib/audit/sql, whose
 * 000_audit.sql makes event and outbox) under an advisory lock. Files are additive SQL without schema names. A file that was applied and has changed since is
 * ERR_CONFIG, with its name. The applied count goes to *applied. */
MUST_USE enum err db_migrate(const char *conninfo, const char *schema, const char *const *folders, int *applied);

#endif
