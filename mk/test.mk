# Unit tests: one executable per tests/unit/<part>/**/test_*.c. It links libmohar.a, the part's objects except
# main.o, and the part's helpers: every other .c under tests/unit/<part>/. Extra linker flags (--wrap) stand beside
# the test in test_x.ldflags. tests/modules/*.c become shared objects (PKCS#11 modules for tests). Any .c under
# tests/flows, tests/browser or tests/bench is a program of its own in $(BUILD)/tests/..., with libmohar.a.
export MOHAR_BUILD = $(abspath $(BUILD))
# Tests of size and speed skip themselves in a sanitized build.
export MOHAR_SANITIZE = $(SANITIZE)

UNIT_PARTS = lib $(PARTS)
UNIT_SOURCES := $(call sources,tests/unit)
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(filter $(addprefix tests/unit/,$(addsuffix /%,$(UNIT_PARTS))),\
	$(foreach source,$(UNIT_SOURCES),$(if $(filter test_%,$(notdir $(source))),$(source)))))
TEST_MODULES := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/modules/*.c))
TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(filter-out tests/bench/unchecked/% tests/bench/cad/%,$(call sources,$(wildcard tests/flows tests/browser tests/bench))))
UNCHECKED = $(BUILD)/tests/bench/mohar-hsmd-unchecked
TEST_TOOLS = $(TEST_MODULES) $(TEST_PROGRAMS) $(UNCHECKED)
flow_files = $(sort $(shell find $(1) -name 'test_*.sh' -o -name 'test_*.mjs' 2>/dev/null))
FLOW_TESTS := $(call flow_files,tests/flows)
BROWSER_TESTS := $(call flow_files,tests/browser)

# $(1) = part
define unit
HELPERS_$(1) := $$(call objects,$$(foreach source,$$(call sources,tests/unit/$(1)),\
	$$(if $$(filter test_%,$$(notdir $$(source))),,$$(source))))
$(BUILD)/tests/unit/$(1)/%: $(BUILD)/obj/tests/unit/$(1)/%.o $$(HELPERS_$(1)) \
		$$(call objects,$$(filter-out $(1)/main.c,$$(SOURCES_$(1)))) $(LIB)
	@mkdir -p $$(@D)
	$$(SAY) '  link    $$@'
	$$(QUIET)$$(LINK) -o $$@ $$^ $$(addprefix @,$$(wildcard tests/unit/$(1)/$$*.ldflags)) -Wl,--as-needed -lcmocka $$(LIBS_$(1)) -lssl
endef
$(foreach part,$(UNIT_PARTS),$(eval $(call unit,$(part))))

$(BUILD)/tests/modules/%.so: tests/modules/%.c
	@mkdir -p $(@D)
	$(SAY) '  link    $@'
	$(QUIET)$(filter-out -fPIE,$(COMPILE)) -fPIC -shared $< -o $@

$(TEST_PROGRAMS): $(BUILD)/%: $(BUILD)/obj/%.o $(LIB)
	@mkdir -p $(@D)
	$(SAY) '  link    $@'
	$(QUIET)$(LINK) -o $@ $^ -Wl,--as-needed $(LIBS_lib)

# The benchmark of remote signatures has a mohar-hsmd, citizens and their passkeys as the tests have them.
ACTIVATE = $(BUILD)/tests/bench/activate
$(ACTIVATE): LIBS_lib := $(LIB) -lcmocka $(SERVICE)
$(ACTIVATE): $(call objects,$(addprefix tests/unit/hsm/,rig.c person.c authenticator.c))

# The benchmark of signatures makes a floor of bare pieces, of which the check is one.
SIGNING = $(BUILD)/tests/bench/signing
$(SIGNING): LIBS_lib := $(LIB) $(SERVICE)
$(SIGNING): $(call objects,hsm/token/verifier.c hsm/token/inverse.c)

# For the benchmark of what the check of every signature costs.
$(UNCHECKED): $(call objects,tests/bench/unchecked/verifier.c) $(call objects,$(SOURCES_hsm)) $(LIB)
	@mkdir -p $(@D)
	$(SAY) '  link    $@'
	$(QUIET)$(LINK) -o $@ $^ -Wl,--wrap=verifier_check -Wl,--as-needed $(LIBS_hsm)

# mohar-cad's own code under load, for the benchmarks.
CAD_LOAD = $(BUILD)/tests/bench/cad/cad
$(CAD_LOAD): $(call objects,tests/bench/cad/cad.c) $(call objects,$(filter-out ca/main.c,$(SOURCES_ca))) $(LIB)
	@mkdir -p $(@D)
	$(SAY) '  link    $@'
	$(QUIET)$(LINK) -o $@ $^ -Wl,--as-needed $(LIBS_ca)

# FILES names sources; the tests are what they build.
UNIT_CHOSEN = $(if $(FILES),$(patsubst %.c,$(BUILD)/%,$(filter %.c,$(FILES))),$(UNIT_TESTS))
RUN = tests/run --build $(BUILD)
WITH_DEMO = tests/with-demo

build-tests: all $(UNIT_TESTS) $(TEST_TOOLS) ## build every unit test
test-unit: $(UNIT_CHOSEN) $(TEST_TOOLS) ## run the unit tests (FILES="tests/unit/.../test_x.c ..." for some)
	@$(RUN) $(UNIT_CHOSEN)
test-flows: all $(TEST_TOOLS) ## run the flow tests: real daemons, database and HSM
	@$(WITH_DEMO) $(RUN) $(or $(FILES),$(FLOW_TESTS))
test-browser: all $(TEST_TOOLS) ## run the browser tests in Chromium
	@$(WITH_DEMO) $(RUN) $(or $(FILES),$(BROWSER_TESTS))

test: ## install what is missing, build, and run every test
	@deploy/install/dependencies build demo browser test
	@$(MAKE) -j$$(nproc) build-tests
	@$(WITH_DEMO) $(RUN) $(UNIT_TESTS) $(FLOW_TESTS) $(BROWSER_TESTS)

asan: ## unit and flow tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) BUILD=$(BUILD)-asan SANITIZE=address,undefined test-sanitized
tsan: ## unit and flow tests under ThreadSanitizer
	@$(MAKE) BUILD=$(BUILD)-tsan SANITIZE=thread test-sanitized
test-sanitized: all $(UNIT_CHOSEN) $(TEST_TOOLS)
	@$(WITH_DEMO) $(RUN) $(UNIT_CHOSEN) $(if $(FILES),$(filter-out %.c,$(FILES)),$(FLOW_TESTS))

bench: ## measure beside the peers, as ratios, one table
	@deploy/install/dependencies build demo browser bench
	@$(MAKE) -j$$(nproc) all $(TEST_PROGRAMS) $(CAD_LOAD)
	@tests/bench/run $(FILES)
bench-data: ## N certificates more in a database, for trials at scale (the demo's, or DATABASE="host=... dbname=mohar user=...")
	@tests/bench/data "$(N)" "$(DATABASE)"
soak: all $(BUILD)/tests/unit/hsm/test_soak $(BUILD)/tests/unit/hsm/test_faults $(TEST_MODULES) ## mohar-hsmd under load for TIME seconds (600 if not given), then under faults
	@tests/bench/soak $(if $(filter command% environment%,$(origin TIME)),$(TIME),600) $(BUILD)
enemy: ## send changed, cut and spliced requests of every operation, as every user, to a sanitized mohar-hsmd for TIME seconds (MOHAR_ENEMY_SEED=n for others)
	@$(MAKE) BUILD=$(BUILD)-asan SANITIZE=address,undefined enemy-sanitized
enemy-sanitized: all $(BUILD)/tests/unit/hsm/test_enemy_frames
	@MOHAR_ENEMY_SECONDS=$(TIME) $(RUN) --timeout $$(($(TIME) + 120)) $(BUILD)/tests/unit/hsm/test_enemy_frames

.PHONY: build-tests test test-unit test-flows test-browser test-sanitized asan tsan bench bench-data soak enemy enemy-sanitized
