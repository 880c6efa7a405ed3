# utfall: build, test, install. `make help` lists the targets.
# One non-recursive Makefile; variants live side by side in build/<variant>/.

VERSION := 0.1.0
VARIANT ?= release
BUILD := build/$(VARIANT)
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 1)

CC := gcc
PKG_CONFIG ?= pkg-config
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual \
    -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wundef -Wvla -Wformat=2 \
    -Wdouble-promotion -Wimplicit-fallthrough
WERROR ?= 0
STANDARD ?= gnu2x
OPTIMISE := -O2 -D_FORTIFY_SOURCE=2

ifeq ($(VARIANT),sanitize)
OPTIMISE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
ifeq ($(VARIANT),clang)
CC := clang
endif
ifeq ($(VARIANT),coverage)
OPTIMISE := -O0 --coverage
endif
ifeq ($(VARIANT),thread)
OPTIMISE := -O1 -fsanitize=thread
endif
# Behind a sanitizer's code gcc sees what is not there: this warning is for the release build.
ifneq ($(filter sanitize thread,$(VARIANT)),)
WARNINGS += -Wno-maybe-uninitialized
endif
ifeq ($(VARIANT),fuzz)
CC := clang
OPTIMISE := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
endif

LIBRARIES := sqlite3 libpq libcrypto libsodium libcjson libcurl libmicrohttpd
# Asked once; empty on a machine where `make deps` has not run yet.
# Of p11-kit only the declarations of PKCS#11 are used: modules are loaded when they are named.
LIBRARY_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) p11-kit-1 2>/dev/null)
LIBRARY_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null) -lgmp -lpthread

CPPFLAGS_ALL := -I. -D_POSIX_C_SOURCE=200809L -DUTFALL_VERSION='"$(VERSION)"' \
    -DUTFALL_LOCALE_DIR='"$(PREFIX)/share/locale"' $(LIBRARY_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL := -std=$(STANDARD) $(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) $(OPTIMISE) -gdwarf-4 \
    -fstack-protector-strong -fPIE -pthread $(CFLAGS)
LDFLAGS_ALL := $(OPTIMISE) -pie -Wl,-z,relro,-z,now -pthread $(LDFLAGS)

LEDGER := $(sort $(wildcard ledger/*.c ledger/*/*.c))
CONTRACTS := $(sort $(wildcard contracts/*/*.c))
CLI := $(sort $(wildcard cli/*.c cli/*/*.c))
HEADERS := $(sort $(wildcard ledger/*.h ledger/*/*.h contracts/*/*.h cli/*.h cli/*/*.h))
# Ledgers for stress and measuring, which need no Criterion.
BIG := tests/support/big_ledger.c
PRODUCT := $(LEDGER) $(CONTRACTS) $(CLI)
SUPPORT := $(sort $(filter-out $(BIG),$(wildcard tests/support/*.c)))
# Plain programs: helpers of script tests, stress tests for TSan, and the one that measures.
PROGRAMS := $(sort $(wildcard tests/programs/*.c))
THREAD := $(sort $(wildcard tests/thread/*.c))
BENCH := $(sort $(wildcard bench/*.c))
MEASURING := $(sort $(wildcard bench/tools/*.c))
FUZZ ?= $(sort $(wildcard tests/fuzz/*.c))
# NAME and TESTS build another suite than the product's own: see tests/canary/run.
NAME ?= unit
TESTS ?= $(sort $(wildcard tests/unit/*.c))
TEST_SOURCES := $(sort $(wildcard tests/*/*.c tests/*/*/*.c))

object = $(patsubst %.c,$(BUILD)/%.o,$(1))
program = $(patsubst %.c,$(BUILD)/%,$(1))
LIBRARY_OBJECTS := $(call object,$(LEDGER) $(CONTRACTS))
CLI_OBJECTS := $(call object,$(filter-out cli/verifier/main.c,$(CLI))) $(BUILD)/embedded.o
# The verifier of proofs and cases: what reads and judges them, and no more. No database, network
# or server is among its sources or libraries; tests/cli/verifier.py looks at what came out.
VERIFIER := $(sort $(wildcard cli/verifier/*.c cli/form*.c) \
    $(patsubst %,cli/%.c,changes clock display file language output story story_event story_next table words) \
    $(wildcard $(patsubst %,contracts/%/*.c,case number rule settlement shape state statement terms)) \
    $(wildcard ledger/base/*.c ledger/json/*.c) $(patsubst %,ledger/crypto/%.c,certificate hash key lattice) \
    $(patsubst %,ledger/log/%.c,checkpoint cosignature merkle note policy proof))
# A static library where there is one: the program then needs little of the machine that it runs on.
static = $(if $(findstring /,$(shell $(CC) -print-file-name=lib$(1).a)),-l:lib$(1).a,-l$(1))
VERIFIER_LIBS := $(call static,sodium) $(call static,gmp) -lcrypto -lcjson
SUITE := $(BUILD)/tests/suite-$(NAME)
SCHEMAS := $(sort $(wildcard schemas/*.schema.json))
PORTAL := $(sort $(shell find cli/portal))
MANUALS := $(sort $(wildcard docs/man/*.1))
LANGUAGES := $(patsubst po/%.po,%,$(sort $(wildcard po/*.po)))
TRANSLATIONS := $(patsubst %,build/locale/%/LC_MESSAGES/utfall.mo,$(LANGUAGES))

V ?= 0
silent := $(findstring s,$(firstword -$(MAKEFLAGS)))
quiet = $(if $(filter 1,$(V)),,@$(if $(silent),,echo '  $(1) $@' &&))
quoted = '$(subst ','\'',$(1))'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: FORCE help
FORCE:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- The two commands of the README ----

.PHONY: demo check deps deps-test
demo: deps ## install what building needs, build, and play Norrköping's contract
	@$(MAKE) --no-print-directory all
	@UTFALL='$(CURDIR)/$(BUILD)/utfall' examples/norrkoping/demo.sh $(DEMO_FLAGS)

check: deps-test ## install what testing needs, then every check; ends with `N passed, N failed`
	@WERROR=1 JOBS='$(JOBS)' tests/support/run-tests check

# pkg-config may come with these packages: what needs it runs in a make of its own, afterwards.
deps: ## install the Debian packages that building needs, if any is missing
	@sh packaging/install-packages.sh build

deps-test: ## as deps, with the packages that testing needs
	@sh packaging/install-packages.sh build test
	@$(MAKE) --no-print-directory build/browser/ready

# What drives the browser in tests of the portal: two packages of npm, by the hashes in the lock.
build/browser/ready: tests/browser/package.json tests/browser/package-lock.json
	@mkdir -p $(@D)
	$(call quiet,NPM )cp $^ $(@D)/ && cd $(@D) && npm ci --loglevel=error --ignore-scripts --no-audit --no-fund && touch $(@F)

# ---- Building ----

.PHONY: all suite programs fuzzers
all: $(BUILD)/utfall $(BUILD)/utfall-verify $(TRANSLATIONS) ## build the programs: build/release/utfall

$(BUILD)/utfall: $(CLI_OBJECTS) $(LIBRARY_OBJECTS)
	$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBRARY_LIBS)

.PHONY: utfall-verify
utfall-verify: $(BUILD)/utfall-verify ## build the verifier of proofs and cases alone

$(BUILD)/utfall-verify: $(call object,$(VERIFIER))
	$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(VERIFIER_LIBS)

# An object is as old as the flags it was made with: what WERROR=1 must see is compiled again.
COMPILE := $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call quoted,$(COMPILE)) | cmp -s - $@ || printf '%s\n' $(call quoted,$(COMPILE)) > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CC  )$(COMPILE) -MMD -MP -c -o $@ $<

# Criterion's macros do not survive these warnings. Objects are linked one by one, without garbage
# collection or LTO: otherwise Criterion loses tests without a word.
TEST_WARNINGS := -Wno-conversion -Wno-sign-conversion -Wno-missing-prototypes -Wno-pedantic \
    -Wno-cast-qual -Wno-undef -Wno-format-nonliteral
$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CC  )$(COMPILE) $(TEST_WARNINGS) -MMD -MP -c -o $@ $<

# Planted faults stand alone: what fails in them cannot be a fault of the product.
PLANTED := $(filter tests/canary/%,$(TESTS) $(FUZZ))
$(SUITE): $(call object,$(TESTS)) $(if $(PLANTED),,$(call object,$(SUPPORT)) $(LIBRARY_OBJECTS))
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBRARY_LIBS) -lcriterion

suite: $(SUITE)
programs: $(call program,$(PROGRAMS) $(MEASURING)) $(if $(BENCH),$(BUILD)/bench/bench)
fuzzers: $(call program,$(FUZZ))

# Everything but `main`, for programs that have their own.
PARTS := $(call object,$(BIG)) $(filter-out %/cli/main.o,$(CLI_OBJECTS)) $(LIBRARY_OBJECTS)
$(call program,$(PROGRAMS) $(THREAD) $(MEASURING)): %: %.o $(PARTS)
	$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBRARY_LIBS)

$(BUILD)/bench/bench: $(call object,$(BENCH)) $(PARTS)
	$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBRARY_LIBS)

$(call program,$(FUZZ)): %: %.o $(if $(PLANTED),,$(LIBRARY_OBJECTS))
	$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LIBRARY_LIBS)

# Schemas and the portal's pages travel inside the program: it needs no installed file. The folders
# are named too: their time changes when a file goes.
$(BUILD)/embedded.c: $(SCHEMAS) schemas/openapi.json $(PORTAL) packaging/embed.sh
	@mkdir -p $(@D)
	$(call quiet,GEN )sh packaging/embed.sh > $@
$(BUILD)/embedded.o: $(BUILD)/embedded.c $(BUILD)/flags
	$(call quiet,CC  )$(COMPILE) -MMD -MP -c -o $@ $<

build/locale/%/LC_MESSAGES/utfall.mo: po/%.po
	@mkdir -p $(@D)
	$(call quiet,MSG )msgfmt -c -o $@ $<

# ---- Tests: every one prints TAP, which REPORT makes short for people ----

REPORT = tests/support/run-tests show '$@'
# Planted faults need no database.
BESIDE = $(if $(filter unit,$(NAME)),tests/support/with-postgres)
RUN_UNIT = $(REPORT) $(BESIDE) tests/support/run-unit $(if $(FILTER),--filter '$(FILTER)')

.PHONY: unit sanitize valgrind scripts check-the-checkers thread fuzz fuzz-smoke man-check
unit: $(SUITE) ## the unit tests (FILTER='note/*' for some)
	@$(RUN_UNIT) $(if $(AS_ONE),--as-one '$(AS_ONE)') $(SUITE) $(TESTS)

sanitize: ## the unit tests under ASan, UBSan and LSan; any report fails
	@$(MAKE) -s VARIANT=sanitize suite
	@$(RUN_UNIT) --under sanitize --as-one $@ build/sanitize/tests/suite-$(NAME) $(TESTS)

valgrind: $(SUITE) ## the unit tests under memcheck; any report fails
	@$(RUN_UNIT) --under valgrind --as-one $@ $(SUITE) $(TESTS)

scripts: all programs ## the script tests (ONLY='cli/*' for some)
	@tests/support/run-tests scripts $(foreach pattern,$(ONLY),'$(pattern)')

check-the-checkers: ## prove that each planted fault makes its check fail
	@$(REPORT) tests/canary/run

thread: ## the stress programs under TSan, which Criterion does not survive
	@$(MAKE) -s VARIANT=thread $(patsubst %.c,build/thread/%,$(THREAD))
	@$(REPORT) tests/support/run-programs $(patsubst %.c,build/thread/%,$(THREAD))

FUZZ_SECONDS ?= 60
FUZZ_SMOKE_SECONDS ?= 4
FUZZ_PROGRAMS := $(patsubst %.c,build/fuzz/%,$(FUZZ))
fuzz: ## each fuzz target for FUZZ_SECONDS (60)
	@$(MAKE) -s VARIANT=fuzz fuzzers
	@tests/support/run-fuzz $(FUZZ_SECONDS) $(FUZZ_PROGRAMS)

fuzz-smoke: ## each fuzz target for a few seconds
	@$(MAKE) -s VARIANT=fuzz fuzzers
	@$(REPORT) tests/support/run-fuzz $(FUZZ_SMOKE_SECONDS) $(FUZZ_PROGRAMS)

man-check: ## the manual pages, by mandoc
	@$(REPORT) tests/tidy/man-check.sh $(MANUALS)

# ---- Lint ----

.PHONY: lint format-check layers headers pure tidy-text tidy-pages shellcheck gnu17 tidy format worst
lint: format-check layers headers pure tidy-text tidy-pages shellcheck ## everything that reads the sources

ALL_C := $(PRODUCT) $(HEADERS) $(BENCH) $(TEST_SOURCES) $(sort $(wildcard tests/*/*.h))
format-check: ## clang-format has nothing to change
	@clang-format --dry-run -Werror $(ALL_C)

format: ## let clang-format change it
	@clang-format -i $(ALL_C)

layers: ## includes point one way, and each outside library is met in one folder
	@tests/tidy/layers.sh

headers: ## every header compiles on its own
	@status=0; for header in $(HEADERS); do printf '#include "%s"\nextern int unused;\n' "$$header" | \
	    $(CC) $(CPPFLAGS_ALL) -std=$(STANDARD) $(WARNINGS) -Werror -fsyntax-only -x c - || status=1; \
	    done; exit $$status

pure: $(LIBRARY_OBJECTS) ## contracts/ reads no clock, file, environment or random source
	@tests/tidy/pure.sh $(LIBRARY_OBJECTS)

tidy-text: ## what no compiler sees: white space, comments, length, rules without a scenario
	@tests/tidy/text.py

tidy-pages: ## what no browser would say before it reads them: names, imports, markup from text
	@tests/tidy/pages.py

shellcheck: ## shell scripts
	@find . \( -name .git -o -name build \) -prune -o -type f -exec awk \
	    'FNR == 1 && /^#!.*[\/ ](ba|da)?sh$$/ { print FILENAME } { nextfile }' {} + | \
	    xargs shellcheck -x -P SCRIPTDIR

OLDER := $(CPPFLAGS_ALL) -std=gnu17 $(WARNINGS) -Werror -fsyntax-only
gnu17: ## the sources compile as C17 too, with both compilers
	@for compiler in gcc clang; do \
	    printf '%s\n' $(PRODUCT) | xargs -P $(JOBS) -n 8 $$compiler $(OLDER) || exit 1; \
	    printf '%s\n' $(TESTS) $(SUPPORT) | \
	        xargs -r -P $(JOBS) -n 8 $$compiler $(OLDER) $(TEST_WARNINGS) || exit 1; done

tidy: ## clang-tidy
	@printf '%s\n' $(PRODUCT) | xargs -P $(JOBS) -I{} clang-tidy --quiet {} -- \
	    $(CPPFLAGS_ALL) -std=$(STANDARD)

worst: ## the longest and the most nested functions
	@tests/tidy/text.py --worst

# ---- Measuring ----

.PHONY: coverage bench bench-load bench-postgres bench-scale failover
# A failed assertion is our mistake, never input: that branch is not to be covered. Some tests give
# up their rights, and must still be able to write what they covered.
LCOV := --quiet --rc lcov_branch_coverage=1 --rc 'lcov_excl_br_line=assert\('
coverage: ## lines and branches of ledger/ and contracts/ that tests reach: build/coverage/html
	@$(MAKE) -s VARIANT=coverage all suite
	@find build/coverage -name '*.gcda' -delete
	@tests/support/run-tests show unit tests/support/run-unit build/coverage/tests/suite-unit $(TESTS) || true
	@umask 0 && chmod -R a+rwX build/coverage && UTFALL='$(CURDIR)/build/coverage/utfall' \
	    tests/support/run-tests scripts 'scenarios/*' 'cli/*' || true
	@lcov $(LCOV) --capture --directory build/coverage --base-directory . \
	    --output-file build/coverage/all.info 2>build/coverage/lcov.log || { cat build/coverage/lcov.log; exit 1; }
	@lcov $(LCOV) --extract build/coverage/all.info '$(CURDIR)/ledger/*' '$(CURDIR)/contracts/*' \
	    --output-file build/coverage/product.info
	@genhtml $(LCOV) --branch-coverage --prefix '$(CURDIR)' --title utfall \
	    --output-directory build/coverage/html build/coverage/product.info
	@lcov --rc lcov_branch_coverage=1 --summary build/coverage/product.info 2>&1 | grep -E 'lines|branches'

failover: all ## kill database nodes under servers and clients, ROUNDS (100) times
	ROUNDS=$(or $(ROUNDS),100) SEED=$(or $(SEED),$(shell date +%s)) /usr/bin/python3 tests/cli/failover.py

bench: $(BUILD)/bench/bench ## speed, as ratios within one run (BENCH_ENTRIES=1000000)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && $< "$$folder" $(BENCH_ENTRIES)

bench-load: all $(call program,$(MEASURING)) ## a server under 256 submitters, and under readers
	@packaging/install-packages.sh load
	@/usr/bin/python3 bench/load.py $(BUILD)

bench-postgres: $(call program,$(MEASURING)) ## a ledger's commits in PostgreSQL beside plain inserts
	@tests/support/with-postgres sh -c '$(BUILD)/bench/tools/group_commit "$$UTFALL_TEST_POSTGRES"'

bench-scale: $(call program,$(MEASURING)) ## how cost grows with entries, SIZES='10000 100000 1000000'
	@/usr/bin/python3 bench/scale.py $(BUILD) $(or $(SIZES),10000 100000 1000000)

# ---- Handing out ----

.PHONY: install dist clean compile_commands.json
install: all ## install under PREFIX (/usr/local), below DESTDIR
	install -D -m 755 $(BUILD)/utfall '$(DESTDIR)$(PREFIX)/bin/utfall'
	install -D -m 755 $(BUILD)/utfall-verify '$(DESTDIR)$(PREFIX)/bin/utfall-verify'
	@set -e; for page in $(MANUALS); do \
	    install -D -m 644 "$$page" "$(DESTDIR)$(PREFIX)/share/man/man1/$${page##*/}"; done
	install -D -m 644 packaging/utfall.service '$(DESTDIR)$(PREFIX)/lib/systemd/system/utfall.service'
	@set -e; for schema in $(SCHEMAS) schemas/openapi.json; do \
	    install -D -m 644 "$$schema" "$(DESTDIR)$(PREFIX)/share/utfall/schemas/$${schema##*/}"; done
	@set -e; for language in $(LANGUAGES); do \
	    install -D -m 644 "build/locale/$$language/LC_MESSAGES/utfall.mo" \
	        "$(DESTDIR)$(PREFIX)/share/locale/$$language/LC_MESSAGES/utfall.mo"; done

dist: ## the committed tree as build/utfall-VERSION.tar.gz
	@mkdir -p build
	git archive --prefix='utfall-$(VERSION)/' -o 'build/utfall-$(VERSION).tar.gz' HEAD

compile_commands.json: ## for clangd and other tools
	bear -- $(MAKE) -B all suite

clean: ## remove everything that was built
	rm -rf build compile_commands.json

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
