/* ca_lint: `mohar ca lint`: a certificate against the rules by which mohar-cad issues. Used by the table of cli/ca.c. */
#ifndef MOHAR_CLI_CA_LINT_H
#define MOHAR_CLI_CA_LINT_H

#include "cli/cli.h"

extern const struct cli_option ca_lint_options[];

int run_ca_lint(struct cli *c);

#endif
