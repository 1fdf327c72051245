# Everything is built under $(BUILD); `make help` lists the targets.
#
# A folder of the top level with a main.c is a program; the others named in LIBRARIES are libraries.
# Their sources, the tests, fuzzers and what each includes are found, not listed.

VERSION := 0.1.0
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
DESTDIR ?=
CC      := gcc
CXX     := g++
SECONDS ?= 10
TAG     ?= v1

LIBRARIES := base net cloudevents gcp bridge
# a program that tests build: the example of docs/development.md
EXAMPLE   := docs/examples/hello-service
PROGRAMS  := $(patsubst %/main.c,%,$(wildcard */main.c))
# what tests link of the programs: also a folder whose main.c is still to come
FOLDERS   := $(filter-out $(LIBRARIES) tests build,$(patsubst %/,%,$(sort $(dir $(wildcard */*.c)))))

# ---- what is built how -------------------------------------------------------------------------

SANITIZE ?=
comma   := ,
empty   :=
space   := $(empty) $(empty)
variant := $(strip $(subst $(comma),-,$(SANITIZE)) $(filter-out gcc,$(notdir $(CC))) $(if $(COVERAGE),coverage))
BUILD   := build$(if $(variant),/$(subst $(space),-,$(variant)))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wvla -Werror
HARDEN   := -fvisibility=hidden -fstack-protector-strong -fPIC -fcf-protection
ifeq ($(findstring clang,$(CC)),) # clang 14 needs a second flag for this one
HARDEN   += -ftrivial-auto-var-init=zero
endif
ifeq ($(SANITIZE)$(COVERAGE),)
HARDEN   += -D_FORTIFY_SOURCE=2
endif
OPTIMIZE ?= -O2 -g
COMMON   := $(WARNINGS) $(HARDEN) $(OPTIMIZE) -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I. -MMD -MP \
            $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
            $(if $(COVERAGE),--coverage)
C_FLAGS  := -std=c17 -Wmissing-prototypes $(COMMON) $(CFLAGS)
CXX_FLAGS := -std=c++17 $(COMMON) $(CXXFLAGS)
LINK_FLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS) \
            $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(if $(COVERAGE),--coverage)
# each program takes of these what it calls
EXTERNAL := -lmicrohttpd -lcurl -ljansson -ljwt -lcrypto -lhogweed -lnettle -lgmp -lyaml -lsqlite3 -ljpeg -lpng -lwebp -lz \
            -lcld2 -lstdc++ -lm -ldl -lpthread

sources = $(shell find $(1) -name node_modules -prune -o -name '*.c' -print -o -name '*.cc' -print | sort)
objects = $(addprefix $(BUILD)/obj/,$(addsuffix .o,$(1)))
# all of a folder but its main.c, so that tests can link it
parts   = $(filter-out $(1)/main.c,$(call sources,$(1)))

LIBRARY_FILES := $(foreach l,$(LIBRARIES),$(BUILD)/lib/$(l).a)
PROGRAM_PARTS := $(foreach p,$(FOLDERS),$(if $(call parts,$(p)),$(BUILD)/lib/$(p).a))
PROGRAM_FILES := $(addprefix $(BUILD)/,$(PROGRAMS))
# the major version is the SONAME: see docs/gcp.md
SONAME        := libgcp.so.$(firstword $(subst ., ,$(VERSION)))
LIBGCP        := $(BUILD)/$(SONAME)
TEST_FILES    := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(shell find tests -name 'test_*.c')))
TEST_HELPERS  := $(BUILD)/lib/tests/helpers.a
FUZZERS       := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

# V=1 shows the commands
Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '%-5s%s\n' $(1) $(2))

.PHONY: FORCE all test tests check soak lint format fuzz fuzzers bench bench-tools coverage install images push clean help
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAM_FILES) $(LIBGCP) ## build all programs and libgcp

# Other flags compile all again.
FLAGS := $(strip $(CC) $(C_FLAGS) $(CXX) $(CXX_FLAGS))
ifneq ($(FLAGS),$(strip $(file <$(BUILD)/flags)))
$(shell mkdir -p $(BUILD))
$(file >$(BUILD)/flags,$(FLAGS))
endif

$(BUILD)/obj/%.c.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(C_FLAGS) -c $< -o $@

$(BUILD)/obj/%.cc.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(CXX_FLAGS) -c $< -o $@

define archive
$(BUILD)/lib/$(1).a: $(call objects,$(call parts,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(Q)$(AR) rcs $$@ $$^
endef
$(foreach f,$(LIBRARIES) $(FOLDERS) tests/helpers,$(eval $(call archive,$(f))))

# libraries from the highest layer to the lowest
LINK_ORDER = $(foreach l,bridge gcp cloudevents net base,$(BUILD)/lib/$(l).a)

define program
$(BUILD)/$(1): $(BUILD)/obj/$(1)/main.c.o $(filter %/$(1).a,$(PROGRAM_PARTS)) $(LIBRARY_FILES)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(LINK_FLAGS) -o $$@ $(BUILD)/obj/$(1)/main.c.o $(filter %/$(1).a,$(PROGRAM_PARTS)) $(LINK_ORDER) $(EXTERNAL)
endef
$(foreach p,$(PROGRAMS) $(EXAMPLE),$(eval $(call program,$(p))))

# only what gcp.h declares can be seen from outside
$(LIBGCP): $(LIBRARY_FILES) gcp/libgcp.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(filter-out -pie,$(LINK_FLAGS)) -shared -Wl,-soname,$(SONAME) -Wl,-Bsymbolic-functions -Wl,--version-script=gcp/libgcp.map \
	    -o $@ -Wl,--whole-archive $(BUILD)/lib/gcp.a -Wl,--no-whole-archive $(BUILD)/lib/net.a $(BUILD)/lib/base.a $(EXTERNAL)
	@ln -sf $(SONAME) $(BUILD)/libgcp.so

# ---- tests -------------------------------------------------------------------------------------

# helpers come from an archive, so that a test contains, and changes with, only what it calls
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.c.o $(TEST_HELPERS) $(PROGRAM_PARTS) $(LIBRARY_FILES)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $< $(TEST_HELPERS) $(PROGRAM_PARTS) $(LINK_ORDER) -lcmocka $(EXTERNAL)

tests: all $(TEST_FILES) $(BUILD)/$(EXAMPLE)

test: ## run all tests under ASan and UBSan (SANITIZE=thread: the C tests under TSan)
	@SANITIZE='$(or $(SANITIZE),address,undefined)' MAKE='$(MAKE)' tests/run

check: ## run the unit tests of what changed since they passed
	@SANITIZE='$(or $(SANITIZE),address,undefined)' MAKE='$(MAKE)' tests/run --changed

lint: ## check format, suspicious C, who includes whom, names and sizes, shell
	@tests/lint

format: ## lay out all C files as .clang-format says
	clang-format -i $$(git ls-files '*.c' '*.h' '*.cc')

soak: ## what takes long: kill processes at random moments 20 times over, compare all images
	@for i in $$(seq 20); do tests/run _kill || exit 1; done
	@SOAK=1 tests/run e2e/images

fuzz: ## run each of FUZZERS for SECONDS (10) on its corpus
	@$(MAKE) -s -j$(shell nproc) CC=clang CXX=clang++ SANITIZE=fuzzer-no-link,address,undefined OPTIMIZE='-O1 -g' fuzzers
	@SECONDS_EACH=$(SECONDS) tests/fuzz/run $(FUZZERS)

fuzzers: $(FUZZERS:%=$(BUILD)/fuzz/%)
	@mkdir -p build/fuzz
	@cp -u $^ build/fuzz

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.c.o $(PROGRAM_PARTS) $(LIBRARY_FILES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK_FLAGS) -fsanitize=fuzzer -o $@ $< $(PROGRAM_PARTS) $(LINK_ORDER) $(EXTERNAL)

FORCE:

BENCH_TOOLS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.c.o $(LIBRARY_FILES)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $< $(LINK_ORDER) $(EXTERNAL)

bench-tools: $(BENCH_TOOLS)

bench: all ## compare speed, start and memory with peers in one run
	@MAKE='$(MAKE)' BUILD='$(BUILD)' tests/bench/run

coverage: ## lines that the tests run, as text under build/coverage
	@$(MAKE) --no-print-directory COVERAGE=1 OPTIMIZE='-O0 -g' tests
	@MAKE='$(MAKE)' tests/coverage

# ---- installing --------------------------------------------------------------------------------

install: all ## install programs, man pages, libgcp, its header and pkg-config file under PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(PREFIX)/include/libgcp/base \
	    $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(PROGRAM_FILES) $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(LIBGCP) $(DESTDIR)$(LIBDIR)/libgcp.so.$(VERSION)
	ln -sf libgcp.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libgcp.so
	install -m 644 gcp/gcp.h $(DESTDIR)$(PREFIX)/include/libgcp
	install -m 644 base/bytes.h base/err.h $(DESTDIR)$(PREFIX)/include/libgcp/base
	$(if $(wildcard docs/man/*.1),install -m 644 $(wildcard docs/man/*.1) $(DESTDIR)$(PREFIX)/share/man/man1)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' gcp/libgcp.pc.in \
	    > $(DESTDIR)$(LIBDIR)/pkgconfig/libgcp.pc

# ---- images --------------------------------------------------------------------------------------

images: all ## write an OCI image of each program for a cluster under build/images; TAG=v1
	@BUILD='$(BUILD)' scripts/images --tag '$(TAG)'

push: all ## write the images and push them: REGISTRY=host/path TAG=v1
	@test -n '$(REGISTRY)' || { echo 'make push: say where to: make push REGISTRY=host/path TAG=$(TAG)' >&2; exit 2; }
	@BUILD='$(BUILD)' scripts/images --tag '$(TAG)' --push '$(REGISTRY)'

# clangd and clang-tidy refuse one flag of gcc's
compile_command = $(if $(filter $1,$(firstword $(ALL_SOURCES))),,$(comma)){"directory":"$(CURDIR)","file":"$1","command":"$(subst ",\",$(filter-out -MMD -MP -ftrivial-auto-var-init=zero,$2)) -c $1"}

compile_commands.json: FORCE ## write how each file is compiled, for clangd and clang-tidy
	$(eval ALL_SOURCES := $(call sources,$(filter-out build/ docs/,$(wildcard */))))
	$(file >$@,[)
	$(foreach s,$(ALL_SOURCES),$(file >>$@,$(call compile_command,$s,$(if $(filter %.cc,$s),$(CXX) $(CXX_FLAGS),$(CC) $(C_FLAGS)))))
	$(file >>$@,])
	@:

clean: ## remove everything that was built
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z_.]*\):.*## /\1\t/p' Makefile | expand -t 24
	@echo
	@echo 'variables: CC=clang  SANITIZE=address,undefined|thread  PREFIX=$(PREFIX)  SECONDS=$(SECONDS)  TAG=$(TAG)'

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
