# Lint. Each sub-target runs alone; FILES="a.c b.h" restricts any of them. tidy and analyzer leave a stamp per file,
# so that a second run looks only at what has changed.
LINT = $(BUILD)/lint
LINT_ALL := $(sort $(shell find lib $(PARTS) tests -name node_modules -prune -o -name '*.[ch]' -print 2>/dev/null))
LINT_FILES = $(if $(FILES),$(filter %.c %.h,$(FILES)),$(LINT_ALL))
LINT_SOURCES = $(filter-out tests/%,$(filter %.c,$(LINT_FILES)))
LINT_HEADERS = $(filter %.h,$(LINT_FILES))
LINT_TEXTS = $(or $(FILES),$(shell git ls-files -co --exclude-standard '*.[ch]' '*.js' '*.mjs' '*.css' '*.sh'))
# OpenSSL's macros that make whole declarations; cppcheck stops at one it cannot expand.
CPPCHECK_MACROS = $(patsubst %,'-D%(...)=',DEFINE_STACK_OF static_ASN1_SEQUENCE_END ASN1_SEQUENCE_END ASN1_ITEM_TEMPLATE_END \
	static_ASN1_ITEM_TEMPLATE_END IMPLEMENT_ASN1_FUNCTIONS IMPLEMENT_STATIC_ASN1_ALLOC_FUNCTIONS DECLARE_ASN1_FUNCTIONS)
CPPCHECK = cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--suppressions-list=mk/cppcheck.txt --cppcheck-build-dir=$(LINT)/cppcheck -Ilib -I. -D_GNU_SOURCE --library=posix,gnu,openssl,libcurl $(CPPCHECK_MACROS) \
	--template='{file}:{line}: {severity}: {message} [{id}]'
ALL_HEADERS := $(filter %.h,$(LINT_ALL))

lint: ## everything below
	@deploy/install/dependencies build test lint
	@$(MAKE) -k -j$$(nproc) --output-sync lint-format lint-size lint-headers lint-cppcheck lint-tidy lint-analyzer

lint-format: ## clang-format has nothing to change
	@$(if $(LINT_FILES),clang-format --dry-run -Werror $(LINT_FILES))
format: ## let clang-format change it
	@$(if $(LINT_FILES),clang-format -i $(LINT_FILES))

lint-size: ## no file over 500 lines, no function over 60
	@$(if $(LINT_TEXTS),awk -f mk/size.awk $(LINT_TEXTS))

lint-headers: $(patsubst %,$(LINT)/%.alone,$(LINT_HEADERS)) ## every header compiles alone, and twice
$(LINT)/%.h.alone: %.h $(ALL_HEADERS)
	@mkdir -p $(@D)
	@printf '#include "%s"\n#include "%s"\n' $(<:lib/%=%) $(<:lib/%=%) | \
		$(CC) $(LANGUAGE) $(PACKAGE_CFLAGS) $(WARNINGS) -fsyntax-only -x c -
	@touch $@

lint-cppcheck: ## cppcheck
	@mkdir -p $(LINT)/cppcheck
	@$(if $(LINT_SOURCES),$(CPPCHECK) $(LINT_SOURCES))

lint-tidy: $(patsubst %,$(LINT)/%.tidy,$(LINT_SOURCES)) ## clang-tidy
$(LINT)/%.c.tidy: %.c .clang-tidy $(ALL_HEADERS)
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(LANGUAGE) $(PACKAGE_CFLAGS) 2>$@.log || { grep -v 'warnings\? generated' $@.log; exit 1; }
	@touch $@

# gcc 12 calls every allocation a leak that is stored through a pointer; LeakSanitizer (make asan) looks for those.
ANALYZER = -O1 -fanalyzer -Wno-analyzer-malloc-leak
lint-analyzer: $(patsubst %,$(LINT)/%.analyzed,$(LINT_SOURCES)) ## gcc -fanalyzer
$(LINT)/%.c.analyzed: %.c $(ALL_HEADERS)
	@mkdir -p $(@D)
	@$(CC) $(LANGUAGE) $(PACKAGE_CFLAGS) $(WARNINGS) $(ANALYZER) -c $< -o $@

.PHONY: lint lint-format format lint-size lint-headers lint-cppcheck lint-tidy lint-analyzer
