# clusterd: one Makefile for the whole tree, not recursive.  It discovers the sources, so a
# new module needs no line here.  Which program links which objects is said below, and
# nothing else is within its reach.
#
#   make            build everything        make run      build, start the default cluster, show it
#   make test       every quick test        make stop     stop what `make run` started
#   make lint       the rules of the house  make install  DESTDIR= PREFIX=
#   make deb        Debian packages
#
# Variables: BUILD= (one folder per flavour), CC=, CFLAGS=, WERROR= (empty: warnings only),
# SANITIZE=address,undefined, VALGRIND=1, PREFIX=, SYSCONFDIR=, V=1 (show commands),
# FUZZ_SECONDS=, ONLY= (which tests, or which steps of lint).

VERSION    := 0.1.0

BUILD      ?= build
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
LIBEXECDIR ?= $(PREFIX)/libexec
LIBDIR     ?= $(PREFIX)/lib
MANDIR     ?= $(PREFIX)/share/man
UNITDIR    ?= $(PREFIX)/lib/systemd/system
USERUNITS  ?= $(PREFIX)/lib/systemd/user
SYSTEMDDIR ?= $(PREFIX)/lib

Q          := $(if $(V),,@)
say         = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')
JOBS       := $(shell nproc 2>/dev/null || echo 1)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# ---- flags ----

WERROR     ?= -Werror
CFLAGS     ?= -O2 -g
WARNINGS   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wswitch-enum -Wvla -Wcast-qual \
	-Wwrite-strings -Wformat=2 -Wundef -Wpointer-arith -Wnull-dereference
HARDEN     := -fstack-protector-strong $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
SANITIZER  := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
PLACES     := -DCLUSTERD_VERSION='"$(VERSION)"' \
	-DCLUSTERD_LIBEXECDIR='"$(LIBEXECDIR)/clusterd"' -DCLUSTERD_SYSCONFDIR='"$(SYSCONFDIR)"'

# Asked once, when the first object is built: without pkg-config the file must still parse,
# since `make test` is allowed to install it.  Libraries' folders are system folders: their
# headers are not ours to warn about.
PACKAGES   := libsystemd libconfig jansson smartcols libmicrohttpd yaml-0.1 libzstd zlib check
INCLUDES    = $(eval INCLUDES := $$(patsubst -I%,-isystem %,$$(filter -I%,$$(shell \
	for package in $(PACKAGES); do pkg-config --cflags $$$$package 2>/dev/null; done))))$(INCLUDES)

# libev puns its watcher types, hence no strict aliasing.
LANGUAGE    = -std=c11 -D_GNU_SOURCE -I. $(INCLUDES) $(PLACES)
COMPILE     = $(CC) $(LANGUAGE) $(CPPFLAGS) \
	-fno-strict-aliasing $(HARDEN) $(SANITIZER) $(CFLAGS) $(WARNINGS) $(WERROR)
LINK        = $(CC) $(SANITIZER) $(CFLAGS) -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(LDFLAGS)
libs        = $$(pkg-config --libs $(1))

# ---- what there is ----

MAINS      := supervisor/clusterd.c supervisor/ctl/clusterctl.c \
	supervisor/import/cluster-import.c supervisor/top/cluster-top.c worker/http/cluster-worker.c \
	worker/logger/cluster-logger.c
modules     = $(filter-out $(MAINS),$(wildcard $(addsuffix /*.c,$(1))))
obj         = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

COMMON     := $(call modules,common)
SUPERVISE  := $(call modules,supervisor supervisor/core supervisor/bridge)
CTL        := $(call modules,supervisor/ctl)
IMPORT     := $(call modules,supervisor/import)
TOP        := $(call modules,supervisor/top)
HTTP       := $(call modules,worker/http)
LOGGER     := $(call modules,worker/logger)
LIBRARY    := $(call modules,worker/libclusterworker)
EXAMPLES   := $(wildcard worker/examples/*.c)

UNITS      := $(wildcard tests/unit/test_*.c)
TRACE      := $(wildcard tests/trace/*.c)
FUZZ       := $(filter-out tests/fuzz/driver.c,$(wildcard tests/fuzz/*.c))
MODEL      := $(wildcard tests/model/*.c)
MODEL_MAIN := $(shell grep -ls '^int main\>' /dev/null $(MODEL))
LOAD       := $(wildcard tests/load/*.c)
WORKERS    := $(wildcard tests/system/workers/*.c)
SHARED     := $(wildcard tests/system/workers/shared/*.c)
SHIMS      := $(wildcard tests/system/preload/*.c)

# What a flavour links into every program beside its own.
AIDE       := $(if $(SANITIZE),tests/sanitizer.c) $(if $(VALGRIND),tests/valgrind.c)
AID        := $(call obj,$(AIDE))

name        = $(basename $(notdir $(1)))
PROGRAMS   := $(addprefix $(BUILD)/,$(call name,$(wildcard $(MAINS))))
LIBRARIES  := $(if $(LIBRARY),$(addprefix $(BUILD)/libclusterworker.,a so)) \
	$(BUILD)/libclusterbind.so $(BUILD)/clusterd-node.cjs
EXAMPLE_PROGRAMS := $(addprefix $(BUILD)/examples/,$(call name,$(EXAMPLES)))
UNIT_PROGRAMS    := $(addprefix $(BUILD)/tests/,$(call name,$(UNITS)))
MODEL_PROGRAMS   := $(addprefix $(BUILD)/tests/,$(call name,$(MODEL_MAIN)))
CORPUS_PROGRAMS  := $(addprefix $(BUILD)/tests/corpus-,$(call name,$(FUZZ)))
FUZZ_PROGRAMS    := $(addprefix $(BUILD)/tests/fuzz-,$(call name,$(FUZZ)))
WORKER_PROGRAMS  := $(addprefix $(BUILD)/tests/,$(call name,$(WORKERS)))
SHIM_OBJECTS     := $(patsubst tests/system/preload/%.c,$(BUILD)/tests/%.so,$(SHIMS))
TEST_PROGRAMS    := $(UNIT_PROGRAMS) $(MODEL_PROGRAMS) $(CORPUS_PROGRAMS) $(WORKER_PROGRAMS) \
	$(SHIM_OBJECTS) \
	$(if $(TRACE),$(BUILD)/tests/trace) $(if $(LOAD),$(BUILD)/loadgen)

SOURCES    := $(wildcard $(MAINS)) $(PRELOAD) $(COMMON) $(SUPERVISE) $(CTL) $(IMPORT) $(TOP) \
	$(HTTP) $(LOGGER) $(LIBRARY) $(EXAMPLES) \
	$(UNITS) $(TRACE) $(FUZZ) $(MODEL) $(LOAD) $(WORKERS) $(SHARED) $(SHIMS) \
	$(wildcard tests/fuzz/driver.c) $(AIDE)

.PHONY: all programs libraries tests
all: programs tests
programs: $(PROGRAMS) libraries
libraries: $(LIBRARIES)
tests: programs $(TEST_PROGRAMS) $(EXAMPLE_PROGRAMS)

# ---- objects ----

# Rewritten only when the flags change, so that a changed PREFIX rebuilds what knows it.
.PHONY: FORCE
FLAGS_ARE   = $(CC) $(PLACES) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) $(VALGRIND) $(LDFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$(FLAGS_ARE)) | cmp -s - $@ || \
		printf '%s\n' $(call quote,$(FLAGS_ARE)) >$@
quote       = '$(subst ','\'',$(1))'

PIC        := -fPIE
$(call obj,$(LIBRARY)): PIC := -fPIC
# What is preloaded comes before the runtime of a sanitizer, so it has none of its own.
$(call obj,$(SHIMS)): private PIC := -fPIC
$(call obj,$(SHIMS)): private SANITIZER :=

# Examples are written for the installed header.
$(call obj,$(EXAMPLES)): private CPPFLAGS += -Iworker/libclusterworker
$(call obj,tests/sanitizer.c): private PLACES += -DCLUSTERD_BUILD='"$(abspath $(BUILD))"'

$(BUILD)/obj/%.o: %.c Makefile $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(PIC) -MMD -MP -c -o $@ $<

# `clusterctl init` prints it.
$(call obj,supervisor/ctl/reference.c): conf/cluster.conf
# `clusterctl startup` installs them.
$(call obj,supervisor/ctl/unit.c): conf/systemd/clusterd.service \
	conf/systemd/clusterd-sweep.service conf/systemd/user/clusterd.service

-include $(patsubst %.o,%.d,$(call obj,$(SOURCES)))

# ---- programs: the link lists are the floors ----

# An archive, so that each program takes from common/ what it uses and no more.
$(BUILD)/common.a: $(call obj,$(COMMON))
$(BUILD)/libclusterworker.a: $(call obj,$(LIBRARY))
$(BUILD)/%.a:
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $^

link        = $(Q)mkdir -p $(@D) && $(LINK) -o $@ $(filter %.o %.a,$^)

$(BUILD)/clusterd: $(call obj,supervisor/clusterd.c $(SUPERVISE)) $(BUILD)/common.a $(AID)
	$(call say,LINK,$@)
	$(link) -lev $(call libs,libconfig jansson)

$(BUILD)/clusterctl: $(call obj,supervisor/ctl/clusterctl.c $(CTL)) $(BUILD)/common.a $(AID)
	$(call say,LINK,$@)
	$(link) $(call libs,jansson smartcols)

$(BUILD)/cluster-top: $(call obj,supervisor/top/cluster-top.c $(TOP) \
		$(addprefix supervisor/ctl/,aide.c client.c options.c say.c)) $(BUILD)/common.a $(AID)
	$(call say,LINK,$@)
	$(link) $(call libs,jansson ncursesw)

# It asks the table of settings what this build supports.
$(BUILD)/cluster-import: $(call obj,supervisor/import/cluster-import.c $(IMPORT) \
		supervisor/settings.c supervisor/core/cron.c) $(BUILD)/common.a $(AID)
	$(call say,LINK,$@)
	$(link) $(call libs,jansson yaml-0.1)

$(BUILD)/cluster-worker: $(call obj,worker/http/cluster-worker.c $(HTTP)) \
		$(BUILD)/libclusterworker.a $(BUILD)/common.a $(AID)
	$(call say,LINK,$@)
	$(link) -lev $(call libs,libmicrohttpd jansson)

$(BUILD)/cluster-logger: $(call obj,worker/logger/cluster-logger.c $(LOGGER)) $(BUILD)/common.a $(AID)
	$(call say,LINK,$@)
	$(link) $(call libs,libzstd zlib)

# The library's ABI; its version is its own, not the project's.
SONAME     := libclusterworker.so.0
SOVERSION  := $(SONAME).1.0
SYMBOLS    := $(wildcard worker/libclusterworker/libclusterworker.map)

$(BUILD)/libclusterworker.so: $(call obj,$(LIBRARY)) $(SYMBOLS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZER) $(CFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,-z,relro -Wl,-z,now \
		$(if $(SANITIZE),,-Wl,-z,defs) $(addprefix -Wl$(comma)--version-script=,$(SYMBOLS)) \
		$(LDFLAGS) -o $@ $(filter %.o,$^)
	$(Q)ln -sf libclusterworker.so $(BUILD)/$(SONAME)
comma      := ,

$(BUILD)/clusterd-node.cjs: worker/node/clusterd-node.cjs
	$(call say,COPY,$@)
	$(Q)install -m 755 $< $@

# Preloaded into programs of others: no sanitizer of ours goes with it.
PRELOAD    := $(wildcard worker/preload/*.c)
$(call obj,$(PRELOAD)): PIC := -fPIC -fvisibility=hidden
$(call obj,$(PRELOAD)): private SANITIZER :=

$(BUILD)/libclusterbind.so: $(call obj,$(PRELOAD))
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -shared -Wl,-z,relro -Wl,-z,now -Wl,-z,defs $(LDFLAGS) -o $@ $^

$(BUILD)/examples/%: $(BUILD)/obj/worker/examples/%.o $(BUILD)/libclusterworker.a
	$(call say,LINK,$@)
	$(link)

# ---- tests ----

# Everything but the mains; a unit test takes from it what it needs.  While a neighbour's
# module does not build, name only yours: make UNDER_TEST='common/fd.c' build/tests/test_fd
UNDER_TEST ?= $(COMMON) $(SUPERVISE) $(CTL) $(IMPORT) $(TOP) $(HTTP) $(LOGGER) $(LIBRARY)
TEST_LIBS   = -lev $(call libs,libconfig jansson smartcols libmicrohttpd yaml-0.1 libzstd zlib)

$(BUILD)/tests/house.a: $(call obj,$(UNDER_TEST))

# A test that wants calls to fail says which in a line of its own:  /* wraps: socket bind */
wraps       = $(addprefix -Wl$(comma)--wrap=,$(shell sed -n 's|^/\* wraps: \(.*\) \*/$$|\1|p' $(1)))

$(UNIT_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/tests/house.a $(AID)
	$(call say,LINK,$@)
	$(link) $(call wraps,tests/unit/$*.c) $(TEST_LIBS) $(call libs,check)

$(BUILD)/tests/trace: $(call obj,$(TRACE)) $(BUILD)/tests/house.a $(AID)
	$(call say,LINK,$@)
	$(link)

$(MODEL_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/obj/tests/model/%.o \
		$(call obj,$(filter-out $(MODEL_MAIN),$(MODEL))) $(BUILD)/tests/house.a $(AID)
	$(call say,LINK,$@)
	$(link)

$(CORPUS_PROGRAMS): $(BUILD)/tests/corpus-%: $(BUILD)/obj/tests/fuzz/%.o \
		$(BUILD)/obj/tests/fuzz/driver.o $(BUILD)/tests/house.a $(AID)
	$(call say,LINK,$@)
	$(link) $(TEST_LIBS)

$(FUZZ_PROGRAMS): $(BUILD)/tests/fuzz-%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/tests/house.a
	$(call say,LINK,$@)
	$(link) -fsanitize=fuzzer $(TEST_LIBS)

$(SHIM_OBJECTS): $(BUILD)/tests/%.so: $(BUILD)/obj/tests/system/preload/%.o
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -shared $(LDFLAGS) -o $@ $<

$(BUILD)/loadgen: $(call obj,$(LOAD)) $(BUILD)/common.a $(AID)
	$(call say,LINK,$@)
	$(link) -lev $(call libs,jansson) -lm

$(WORKER_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/obj/tests/system/workers/%.o \
		$(call obj,$(SHARED)) $(BUILD)/libclusterworker.a $(BUILD)/common.a $(AID)
	$(call say,LINK,$@)
	$(link) -lev

# `make test` may be the first command on a bare machine: what is missing is installed
# first, then a second make, which finds it, does the work.
.PHONY: test run-tests asan valgrind run-valgrind model mutants fuzz fuzzers soak
test:
	@scripts/dependencies.sh build test
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	@$(MAKE) --no-print-directory run-tests

# ONLY='test_fd reload' runs those whose path has one of the words.
TESTS      := $(UNIT_PROGRAMS) $(if $(TRACE),$(BUILD)/tests/trace) $(CORPUS_PROGRAMS) \
	$(MODEL_PROGRAMS) tests/node/test_node_preload.sh $(sort $(wildcard tests/system/[0-9]*.sh))
CHOSEN      = $(if $(ONLY),$(foreach test,$(TESTS),$(if \
	$(strip $(foreach word,$(ONLY),$(findstring $(word),$(test)))),$(test))),$(TESTS))
run-tests:
	@BUILD=$(abspath $(BUILD)) scripts/run-tests.sh $(CHOSEN)

# The whole suite once more, by the other compiler.  The load of system tests is divided by
# LOAD_SCALE; their patience is multiplied by TIME_SCALE.
asan:
	@scripts/dependencies.sh fuzz
	@LOAD_SCALE=10 TIME_SCALE=3 $(MAKE) --no-print-directory BUILD=build/asan CC=clang \
		SANITIZE=address,undefined CFLAGS='-O1 -g' test

valgrind:
	@scripts/dependencies.sh build test valgrind
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=build/valgrind VALGRIND=1 tests
	@$(MAKE) --no-print-directory BUILD=build/valgrind VALGRIND=1 run-valgrind

run-valgrind:
	@BUILD=$(BUILD) scripts/valgrind.sh $(UNIT_PROGRAMS) $(if $(TRACE),$(BUILD)/tests/trace)

model:
	@$(MAKE) --no-print-directory -j$(JOBS) $(MODEL_PROGRAMS)
	@set -e; for program in $(MODEL_PROGRAMS); do $$program all; done

mutants:
	@tests/model/mutants.sh

# clang's fuzzer wants every object instrumented, hence a flavour of its own.
FUZZ_SECONDS ?= 60
fuzz:
	@scripts/dependencies.sh build fuzz
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=build/fuzz CC=clang CFLAGS='-O1 -g' \
		SANITIZE=address,undefined,fuzzer-no-link fuzzers
	@BUILD=build/fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh $(call name,$(FUZZ))

fuzzers: $(FUZZ_PROGRAMS)

# What takes longer than a coffee: the whole model, every mutant, hours of fuzzing, a
# hundred thousand restarts.
soak:
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory model
	@$(MAKE) --no-print-directory mutants
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=$(or $(SOAK_SECONDS),3600)
	@SOAK=1 BUILD=$(abspath $(BUILD)) scripts/run-tests.sh \
		$(sort $(filter-out %/lib.sh,$(wildcard tests/soak/*.sh tests/system/5[4-7]-*.sh tests/system/69-*.sh)))

# Figures are for people, never for a verdict: no test reads them.
.PHONY: bench
bench:
	@scripts/dependencies.sh build bench
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	@BUILD=$(abspath $(BUILD)) scripts/bench.sh $(ONLY)

# ---- the rules of the house ----

.PHONY: lint format
lint:
	@scripts/dependencies.sh build lint
	@$(MAKE) --no-print-directory -j$(JOBS) libraries
	@BUILD=$(BUILD) FLAGS=$(call quote,$(LANGUAGE) $(LINTED)) scripts/lint.sh $(ONLY)
# What single files get besides.
LINTED     := -Iworker/libclusterworker -DCLUSTERD_BUILD='""'

FORMATTED  := $(wildcard $(addsuffix /*.[ch],common supervisor supervisor/core \
	supervisor/bridge supervisor/ctl supervisor/import supervisor/top \
	worker/* tests tests/* tests/system/workers tests/system/workers/shared \
	tests/system/preload))
format:
	$(Q)clang-format -i $(FORMATTED)

# ---- the first minute ----

.PHONY: run stop
run:
	@scripts/dependencies.sh build run
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@BUILD=$(BUILD) scripts/first-minute.sh run

stop:
	@BUILD=$(BUILD) scripts/first-minute.sh stop

# ---- install ----

.PHONY: install uninstall clean
INSTALL_ENV = VERSION='$(VERSION)' BUILD='$(BUILD)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' \
	SYSCONFDIR='$(SYSCONFDIR)' LIBEXECDIR='$(LIBEXECDIR)' LIBDIR='$(LIBDIR)' \
	MANDIR='$(MANDIR)' UNITDIR='$(UNITDIR)' USERUNITS='$(USERUNITS)' \
	SYSTEMDDIR='$(SYSTEMDDIR)' SONAME='$(SONAME)' SOVERSION='$(SOVERSION)'
install: programs
	@$(INSTALL_ENV) scripts/install.sh install

uninstall:
	@$(INSTALL_ENV) scripts/install.sh uninstall

# Debian packages, in build/deb: programs, library, what one needs to build with it.
.PHONY: deb
deb:
	@scripts/dependencies.sh build deb
	@VERSION='$(VERSION)' BUILD='$(BUILD)' scripts/deb.sh

clean:
	$(Q)rm -rf $(BUILD)
