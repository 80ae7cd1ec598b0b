# SPDX-License-Identifier: Apache-2.0
# The only build file. `make help` lists what it can do.

B := build
CLANG ?= clang
CC := gcc
PKGS := libcurl libidn2 libbpf libxdp libnl-3.0 libnl-route-3.0 yaml-0.1 jansson sqlite3 libmicrohttpd libsystemd libcap-ng libcrypto libnghttp2 libhs libpsl libpcre2-8 libmagic libmaxminddb htp libbrotlidec libzstd libarchive yara libseccomp
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
CPPFLAGS := -D_GNU_SOURCE -Iinclude -Ipolicy -Iagent -I$(B) $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
CFLAGS := -std=gnu17 -O2 -g $(WARN)
# What Debian asks of its programs; the sanitizers of the tests do without.
HARDEN := -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2
LDLIBS := -Wl,--as-needed,-z,relro,-z,now $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lelf -lz -lresolv -lm -lpthread
CURSES = $(shell pkg-config --libs ncursesw 2>/dev/null) # of the command's screen alone
BPF_ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Wno-compare-distinct-pointer-types -D__TARGET_ARCH_$(BPF_ARCH) \
	-Iinclude -Ibpf -I/usr/include/$(shell uname -m)-linux-gnu

POLICY_SRC := $(filter-out policy/cli/%, $(wildcard policy/*/*.c))
CLI_SRC := $(wildcard policy/cli/*.c)
AGENT_SRC := $(wildcard agent/*.c agent/*/*.c agent/*/*/*.c)
SKEL := $(B)/gateway.skel.h $(B)/gateway_tc.skel.h $(B)/dispatcher.skel.h
# The version stands in one place, the changelog of the package.
CHANGELOG := agent/system/debian/changelog
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' $(CHANGELOG))
MADE := $(SKEL) $(B)/version.h
.SECONDARY: $(MADE)
obj = $(patsubst %.c,$(B)/$(1)/%.o,$(2))

.PHONY: all bpf agent policy clean help
all: $(B)/sekishod $(B)/sekisho
bpf: $(SKEL:.skel.h=.bpf.o)
agent: $(B)/sekishod
policy: $(B)/sekisho

$(B)/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*/*.h include/sekisho/*)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@.tmp
	bpftool gen object $@ $@.tmp && rm -f $@.tmp
$(B)/%.skel.h: $(B)/%.bpf.o
	(echo '/* NOLINTBEGIN: generated */' && bpftool gen skeleton $< name $* && echo '/* NOLINTEND */') > $@.tmp
	mv $@.tmp $@

$(B)/version.h: $(CHANGELOG)
	@mkdir -p $(@D)
	echo '#define SEKISHO_VERSION "$(VERSION)"' > $@

$(B)/plain/%.o: %.c | $(MADE)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(HARDEN) -MMD -MP -c $< -o $@
$(B)/asan/%.o: %.c | $(MADE)
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) $(CFLAGS) $(SAN) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(B)/libsekisho.a: $(call obj,plain,$(POLICY_SRC))
	rm -f $@ && ar rcs $@ $^
$(B)/sekisho: $(call obj,plain,$(CLI_SRC)) $(B)/libsekisho.a
	$(CC) $(CFLAGS) $^ $(LDLIBS) $(CURSES) -o $@
$(B)/sekishod: $(call obj,plain,$(AGENT_SRC)) $(B)/libsekisho.a
	$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@

# --- tests: archives of everything but the two main.c, under ASan and UBSan, one for tests and fuzzers alike ---
# Only gcc says __SANITIZE_ADDRESS__ of itself.
SAN := -O1 -D__SANITIZE_ADDRESS__ -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LIBS_SRC := $(POLICY_SRC) $(filter-out policy/cli/main.c, $(CLI_SRC)) $(filter-out agent/main.c, $(AGENT_SRC))
UNIT := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/*_test.c))
KERNEL := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bpf/*_test.c))
VMTESTS := $(patsubst tests/bpf/%.c,$(B)/vmtests/%,$(wildcard tests/bpf/*_test.c))
FUZZ := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/*_fuzz.c))
BED_SRC := $(filter-out %_test.c %.bpf.c, $(wildcard tests/bpf/*.c))
TEST_SKEL := $(patsubst %.bpf.c,$(B)/%.skel.h,$(wildcard tests/*/*.bpf.c))

$(B)/asan/libtested.a: $(call obj,asan,$(LIBS_SRC))
	rm -f $@ && ar rcs $@ $^
$(call obj,asan,$(BED_SRC)) $(call obj,plain,$(BED_SRC)): CPPFLAGS += -Itests
$(B)/asan/libbed.a: $(call obj,asan,$(BED_SRC))
	rm -f $@ && ar rcs $@ $^
$(B)/tests/%.skel.h: tests/%.bpf.c $(wildcard bpf/*/*.h include/sekisho/*)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $(@:.skel.h=.o)
	(echo '/* NOLINTBEGIN: generated */' && bpftool gen skeleton $(@:.skel.h=.o) name $(subst .skel.h,,$(@F)) && \
		echo '/* NOLINTEND */') > $@.tmp
	mv $@.tmp $@
$(B)/tests/unit/%: tests/unit/%.c $(B)/asan/libtested.a
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) -Itests $(CFLAGS) $(SAN) -MMD -MP -MF $@.d $< $(B)/asan/libtested.a $(LDLIBS) $(CURSES) -lcmocka -o $@
$(B)/tests/bpf/%: tests/bpf/%.c $(B)/asan/libbed.a $(B)/asan/libtested.a $(TEST_SKEL)
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) -Itests -I$(B)/tests $(CFLAGS) $(SAN) -MMD -MP -MF $@.d $< $(B)/asan/libbed.a $(B)/asan/libtested.a \
		$(LDLIBS) $(CURSES) -lcmocka -o $@
$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/asan/libtested.a
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) $(CFLAGS) $(SAN) -fsanitize=fuzzer -MMD -MP -MF $@.d $< $(B)/asan/libtested.a $(LDLIBS) -o $@
$(B)/libbed.a: $(call obj,plain,$(BED_SRC))
	rm -f $@ && ar rcs $@ $^
$(B)/libtested.a: $(call obj,plain,$(LIBS_SRC))
	rm -f $@ && ar rcs $@ $^
$(B)/vmtests/%: tests/bpf/%.c $(B)/libbed.a $(B)/libtested.a $(TEST_SKEL)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests -I$(B)/tests $(CFLAGS) $< $(B)/libbed.a $(B)/libtested.a $(LDLIBS) $(CURSES) -lcmocka -o $@
$(B)/tests/net/cut: tests/net/cut.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $< -o $@
$(B)/tests/net/rpz: tests/net/rpz.c $(B)/libsekisho.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $^ $(LDLIBS) -o $@
$(B)/tests/net/trunk: tests/net/trunk.c $(B)/tests/net/trunk.skel.h
	$(CC) $(CPPFLAGS) -I$(B)/tests $(CFLAGS) $< $(LDLIBS) -o $@

# --- the bench: optimised, without sanitizers ---
BENCH_SRC := $(filter-out %.bpf.c, $(wildcard tests/bench/*.c))
BENCH_OBJ := $(call obj,plain,$(BENCH_SRC))
$(BENCH_OBJ): CPPFLAGS += -Itests -I$(B)/tests
$(BENCH_OBJ): | $(patsubst %.bpf.c,$(B)/%.skel.h,$(wildcard tests/bench/*.bpf.c))
$(B)/tests/bench/bench: $(BENCH_OBJ) $(B)/libbed.a $(B)/libtested.a
	$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@

# --- many captures through the engine, as a run of the program would ---
$(B)/plain/tests/replay/captures.o: CPPFLAGS += -Itests
$(B)/tests/replay/captures: $(B)/plain/tests/replay/captures.o $(B)/libtested.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@

# --- the storms: traffic and what is told of it, a flood, mutated packets ---
SOAK_OBJ := $(call obj,plain,$(filter-out %.bpf.c,$(wildcard tests/soak/*.c)))
SOAK := $(addprefix $(B)/tests/soak/,traffic flood mutate names other/sekishod)
$(SOAK_OBJ): CPPFLAGS += -Itests -I$(B)/tests
$(SOAK_OBJ): | $(patsubst %.bpf.c,$(B)/%.skel.h,$(wildcard tests/soak/*.bpf.c))
soak_objs = $(patsubst %,$(B)/plain/tests/%.o,$(1))
$(B)/tests/soak/traffic: $(call soak_objs,soak/traffic soak/talk soak/denied soak/wire soak/ledger bpf/packet)
	$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@
$(B)/tests/soak/flood: $(call soak_objs,soak/flood bpf/packet)
	$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@
$(B)/tests/soak/mutate: $(call soak_objs,soak/mutate bpf/mutate bpf/packet) $(B)/libsekisho.a
	$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@
$(B)/tests/soak/names: $(call soak_objs,soak/name soak/question soak/hello)
	$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@
# Another build of the gateway, for upgrades in place: its own object where the skeleton is included.
OTHER := $(B)/tests/soak/other
OTHER_SRC := policy/install/object.c agent/dataplane/join.c
$(OTHER)/gateway.skel.h: tests/soak/other/gateway.bpf.c $(wildcard bpf/*.c bpf/*/*.h include/sekisho/*)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $(@D)/gateway.bpf.o
	bpftool gen skeleton $(@D)/gateway.bpf.o name gateway > $@.tmp
	mv $@.tmp $@
$(OTHER)/%.o: %.c $(OTHER)/gateway.skel.h
	@mkdir -p $(@D)
	$(CC) -I$(OTHER) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@
$(OTHER)/sekishod: $(patsubst %.c,$(OTHER)/%.o,$(OTHER_SRC)) $(call obj,plain,$(filter-out $(OTHER_SRC),$(AGENT_SRC))) $(B)/libsekisho.a
	$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@

# --- what a package holds, under DESTDIR; starts nothing ---
PREFIX ?= /usr
INSTALL_TO = $(DESTDIR)$(PREFIX)
UNITDIR ?= $(PREFIX)/lib/systemd/system
.PHONY: install deb debtest
install: all
	install -D -t $(INSTALL_TO)/sbin $(B)/sekishod $(B)/sekisho
	install -D -m 644 -t $(DESTDIR)$(UNITDIR) agent/system/*.service
	install -D -m 644 agent/system/sekisho.sysctl.conf $(INSTALL_TO)/lib/sysctl.d/60-sekisho.conf
	install -D -m 644 agent/system/sekisho.sysusers.conf $(INSTALL_TO)/lib/sysusers.d/sekisho.conf
	install -D -m 644 -t $(INSTALL_TO)/lib/sekisho agent/system/route.conf
	install -D -m 644 -t $(INSTALL_TO)/share/man/man8 policy/cli/man/*.8 agent/system/*.8
	install -d $(INSTALL_TO)/share/bash-completion/completions
	$(B)/sekisho completion bash > $(INSTALL_TO)/share/bash-completion/completions/sekisho
deb:
	tests/depends build package
	$(MAKE) -j$$(nproc) --no-print-directory all
	agent/system/package.sh $(B)
# The package on fresh Debians of its own; each SUITE is fetched and kept in build/roots.
SUITE ?= bookworm trixie
debtest:
	tests/depends root
	mkdir -p $(B)
	for suite in $(SUITE); do tests/package/fresh.test $(B) $$suite || exit 1; done

.PHONY: alerts records bench soak test-programs test vmtest lint demo demo-down deps fuzz
FUZZ_SECONDS ?= 300
test-programs: all $(UNIT) $(KERNEL) $(FUZZ) $(SOAK) $(B)/tests/replay/captures $(B)/tests/net/trunk $(B)/tests/net/cut $(B)/tests/net/rpz
deps:
	tests/depends build test
test: deps
	$(MAKE) -j$$(nproc) --no-print-directory test-programs
	tests/run $(B)
bench:
	tests/depends build bench
	$(MAKE) -j$$(nproc) --no-print-directory all $(B)/tests/bench/bench
	$(B)/tests/bench/bench $(B) '$(ONLY)'
alerts:
	tests/depends build bench
	$(MAKE) -j$$(nproc) --no-print-directory all $(B)/tests/replay/captures
	tests/replay/alerts.py $(B)
records:
	tests/depends build bench
	$(MAKE) -j$$(nproc) --no-print-directory all
	tests/replay/records.py $(B)
soak: deps
	$(MAKE) -j$$(nproc) --no-print-directory all $(SOAK) $(B)/tests/replay/captures $(B)/tests/net/trunk
	SOAK=long TEST_TIMEOUT=1800 tests/run $(B) soak/$(ONLY)
fuzz: deps
	$(MAKE) -j$$(nproc) --no-print-directory $(FUZZ)
	FUZZ_RUNS=-1 FUZZ_SECONDS=$(FUZZ_SECONDS) TEST_TIMEOUT=$$(($(FUZZ_SECONDS) + 60)) tests/run $(B) fuzz/$(ONLY)
vmtest: deps
	tests/depends vm
	$(MAKE) -j$$(nproc) --no-print-directory all $(B)/tests/net/trunk $(VMTESTS)
	vmtest/run.sh $(B)
lint: deps
	tests/depends lint
	$(MAKE) -j$$(nproc) --no-print-directory $(MADE) $(TEST_SKEL)
	tests/style/lint.sh $(B)
demo:
	tests/depends build demo
	$(MAKE) -j$$(nproc) --no-print-directory all $(B)/tests/net/trunk
	tests/net/demo.sh $(B)
demo-down:
	tests/net/lab.sh down $(B)

help:
	@echo 'make demo       install what is missing, build, raise the lab, show the gateway at work'
	@echo 'make demo-down  end the lab'
	@echo 'make test       all tests; ends with "N passed, N failed, N skipped"'
	@echo 'make soak       the storms in full, half an hour; ONLY=kill (or another of tests/soak/*.test) for one'
	@echo 'make fuzz       each fuzzer for FUZZ_SECONDS, 300; ONLY=NAME for one'
	@echo 'make alerts     what rules find in captures, against Suricata: CAPTURES=DIR:DIR... RULES=FILE'
	@echo 'make records    what is written of captures, field by field, against Suricata: SURICATA_VERIFY=DIR'
	@echo 'make bench      what it costs and gains, as ratios taken in one run; ONLY=PATTERN for some rows'
	@echo 'make vmtest     the kernel tests in VMs of the kernels in vmtest/kernels.list'
	@echo 'make lint       format, bugs, include graph, names'
	@echo 'make all        sekishod and sekisho, in build/'
	@echo 'make install    programs, units, manuals under $$(DESTDIR)$$(PREFIX)'
	@echo 'make deb        a Debian package, in build/deb/, looked at by lintian'
	@echo 'make debtest    the package on fresh Debian 12 and 13 roots: install, upgrade under traffic, purge'
	@echo 'make clean      remove build/'

clean:
	rm -rf $(B)

-include $(shell find $(B) -path $(B)/roots -prune -o -type f -name '*.d' -print 2>/dev/null)
