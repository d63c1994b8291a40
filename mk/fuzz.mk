# Fuzzing: tests/fuzz/fuzz_<noun>.c is one libFuzzer target. It may call lib/ and any daemon's code: each is an
# archive in a tree of its own, compiled by clang with the sanitizers. Every other tests/fuzz/*.c helps all targets.
# Extra linker flags (--wrap) stand beside the target in fuzz_<noun>.ldflags.
#
# `make fuzz-coverage` compiles the same with counters instead, replays the committed corpora and reads, per target,
# how many lines of the files that it names ("covers: lib/x.c ...") its corpus reaches.
ifdef FUZZ_COUNTERS
FUZZ = $(BUILD)-fuzzcov
FUZZ_INSTRUMENT = -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping
FUZZ_RUNTIME = -fsanitize=fuzzer -fprofile-instr-generate
else
FUZZ = $(BUILD)-fuzz
FUZZ_INSTRUMENT = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FUZZ_RUNTIME = -fsanitize=fuzzer,address,undefined
endif
FUZZ_CFLAGS = $(LANGUAGE) $(PACKAGE_CFLAGS) -O1 -g -fno-omit-frame-pointer $(FUZZ_INSTRUMENT) -MMD -MP
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(FUZZ)/bin/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_HELPERS := $(patsubst %.c,$(FUZZ)/obj/%.o,$(filter-out tests/fuzz/fuzz_%,$(wildcard tests/fuzz/*.c)))
FUZZ_ARCHIVES := $(patsubst %,$(FUZZ)/%.a,lib $(PARTS))
# Least share of lines, in hundredths, that a target's corpus must reach in each file that it covers.
FUZZ_COVERAGE = 90

$(FUZZ)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) '  compile $< (fuzz)'
	$(QUIET)clang $(FUZZ_CFLAGS) -c $< -o $@

# $(1) = part
define fuzz_archive
$(FUZZ)/$(1).a: $$(patsubst %.c,$(FUZZ)/obj/%.o,$$(filter-out $(1)/main.c,$$(call sources,$(1))))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(QUIET)$(AR) rcs $$@ $$^
endef
$(foreach part,lib $(PARTS),$(eval $(call fuzz_archive,$(part))))

$(FUZZ)/bin/%: $(FUZZ)/obj/tests/fuzz/%.o $(FUZZ_HELPERS) $(FUZZ_ARCHIVES)
	@mkdir -p $(@D)
	$(SAY) '  link    $@'
	$(QUIET)clang $(FUZZ_RUNTIME) -o $@ $< $(FUZZ_HELPERS) $(addprefix @,$(wildcard tests/fuzz/$*.ldflags)) \
		-Wl,--start-group $(FUZZ_ARCHIVES) -Wl,--end-group \
		-Wl,--as-needed $(LIBS_idp) $(LIBS_cli) $(LIBS_ca)

build-fuzz: $(FUZZ_TARGETS)
fuzz: build-fuzz ## run every fuzz target for TIME seconds, JOBS at once (FILES="fuzz_x ..." for some)
	@tests/fuzz/run --build $(FUZZ) --time $(TIME) --jobs $(or $(JOBS),2) $(or $(FILES),$(notdir $(FUZZ_TARGETS)))

fuzz-coverage: ## line coverage of what each fuzz target parses, by its committed corpus; below FUZZ_COVERAGE (90) % fails
	@$(MAKE) FUZZ_COUNTERS=1 build-fuzz
	@tests/fuzz/coverage --build $(BUILD)-fuzzcov --least $(FUZZ_COVERAGE) $(or $(FILES),$(notdir $(FUZZ_TARGETS)))

-include $(shell find $(FUZZ)/obj -name '*.d' 2>/dev/null)

.PHONY: build-fuzz fuzz fuzz-coverage
