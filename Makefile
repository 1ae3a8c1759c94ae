# Everything that is done here is done by these targets; the scripts behind them are in .ci/.
# Each says in one line what it did, and keeps the rest in target/logs/.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

T   := $(CURDIR)/target
LIB := $(T)/release

REQUESTS ?= 1000000
THREADS  ?= 50
GB       ?= 1
SUBMISSIONS ?= 1000000

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: demo test check build header soak torture fuzz bench bench-policies bench-pool bench-bindings outage tools clean distclean
demo: ## build the library and a test server, and run the C, C++, Go and Zig examples and the safety check
	@.ci/demo.sh

test: ## everything: gates, all tests, examples, a short soak
	@.ci/test.sh

check: ## fast inner loop: fmt, clippy, unit and ABI tests in the debug profile
	@.ci/check.sh

build: ## the release library (shared and static), hs-batch, and the test server
	@.ci/tools.sh build
	@.ci/build.sh hs-batch

header: ## regenerate include/http_sentinel.h
	@.ci/tools.sh build
	@HS_BLESS=1 CARGO_NET_OFFLINE=true .ci/step.sh header cargo test --locked --test header

soak: ## REQUESTS=1000000 requests over THREADS=50 threads against the test server
	@.ci/tools.sh build
	@.ci/build.sh
	@$(MAKE) --no-print-directory soak-run

torture: ## SUBMISSIONS=1000000 to pools that are cancelled, drained and freed, under AddressSanitizer, then ThreadSanitizer
	@.ci/tools.sh system-curl build
	@.ci/build.sh
	@.ci/torture.sh $(SUBMISSIONS)

fuzz: ## the parsers on their corpora and on FUZZ_SECONDS=3 of new inputs each
	@.ci/tools.sh system-curl build
	@.ci/fuzz.sh

bench: ## one worker beside a plain libcurl loop over the same libcurl, what workers cost, streams of GB=1
	@.ci/tools.sh build
	@.ci/build.sh
	@$(MAKE) --no-print-directory bench-run

bench-policies: ## what breaker, limiter, bulkhead and retries cost an admitted call, beside the crates that do the same
	@.ci/tools.sh build
	@.ci/build.sh
	@$(MAKE) --no-print-directory bench-policies-run

bench-bindings: ## what a small request takes through each language's package, beside C
	@.ci/tools.sh build
	@.ci/build.sh
	@$(MAKE) --no-print-directory bench-bindings-run

bench-pool: ## the pool with 1 to 4,096 in flight beside libcurl multi, net/http and reqwest; what a wake-up costs
	@.ci/tools.sh build
	@.ci/build.sh
	@$(MAKE) --no-print-directory bench-pool-run

outage: ## draw src/resilience/outage.svg: what callers do to a server in trouble, in virtual time
	@.ci/tools.sh build
	@.ci/build.sh
	@$(MAKE) --no-print-directory outage-run

tools: ## fetch and install everything that the other targets need
	@.ci/tools.sh test lints

clean: ## remove what was built
	rm -rf $(T)

distclean: clean ## remove the private tools as well
	rm -rf .tools

# ---- Examples: what a user's own build does, one rule a language. The library is found beside the program at run time.

HEADER    := include/http_sentinel.h
WARNINGS  := -Wall -Wextra -pedantic -Werror
LINK       = -L$(LIB) -lhttp_sentinel -pthread -Wl,-rpath,'$$ORIGIN/../../release'
C_NAMES   := $(basename $(notdir $(wildcard examples/c/*.c)))
CPP_NAMES := $(basename $(notdir $(wildcard examples/cpp/*.cpp)))

.PHONY: examples example-c example-cpp example-go example-zig
examples: example-c example-cpp example-go example-zig
example-c:   $(C_NAMES:%=$(T)/examples/c/%)
example-cpp: $(CPP_NAMES:%=$(T)/examples/cpp/%)

$(T)/examples/c/%: examples/c/%.c $(HEADER) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	gcc -std=c99 -O2 -g $(WARNINGS) -Iinclude $< -o $@ $(LINK)

$(T)/examples/cpp/%: examples/cpp/%.cpp $(HEADER) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	g++ -std=c++17 -O2 -g $(WARNINGS) -Iinclude $< -o $@ $(LINK)

# Go's build cache does not look into headers outside the package: the define makes it notice a new one.
GO_ENV = GOCACHE=$(T)/go-cache GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-buildvcs=false CGO_ENABLED=1 \
	CGO_CFLAGS="-O2 -g -I$(CURDIR)/include -DHS_HEADER_SUM=$$(cksum <$(CURDIR)/$(HEADER) | cut -d' ' -f1)" \
	CGO_LDFLAGS="-L$(LIB) -lhttp_sentinel -Wl,-rpath,\$$ORIGIN/../../release"
GO     = $$(. .ci/lib.sh && go_command)

example-go: $(LIB)/libhttp_sentinel.so
	@mkdir -p $(T)/examples/go
	go=$(GO) && cd examples/go && $(GO_ENV) $$go build -o $(T)/examples/go/ ./...

example-zig: $(LIB)/libhttp_sentinel.so
	. .ci/lib.sh && zig_caches 0.16 && cd examples/zig && $$ZIG16 build --prefix $(T)/examples/zig

# ---- The language packages.

include bindings/cpp/rules.mk
include bindings/go/rules.mk
include bindings/zig/rules.mk

# ---- The trading client: in each language a library for users to read, and the program that checks it. C's needs Jansson.

TRADING   := c go zig
TRADING_C := $(wildcard examples/trading/c/*.c)
TRADING_H := $(wildcard examples/trading/c/*.h examples/trading/c/*/*.h)

.PHONY: example-trading test-trading $(TRADING:%=example-trading-%)
example-trading: $(TRADING:%=example-trading-%)
example-trading-c: $(T)/examples/trading/c/trading_safety $(T)/examples/trading/c/one_order
$(T)/examples/trading/c/trading_safety: $(wildcard examples/trading/c/check/*.c)
$(T)/examples/trading/c/one_order: examples/trading/c/one_order/one_order.c

$(T)/examples/trading/c/%: $(TRADING_C) $(TRADING_H) $(HEADER) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	gcc -std=c99 -O2 -g $(WARNINGS) -Iinclude $(filter %.c,$^) -o $@ -L$(LIB) -lhttp_sentinel -ljansson -pthread -lm \
		-Wl,-rpath,'$$ORIGIN/../../../release'

test-trading: $(TRADING:%=example-trading-%)
	@.ci/with-server.sh .ci/trading.sh $(TRADING)

include examples/trading/go/rules.mk
include examples/trading/zig/rules.mk

# ---- Soak: the program by itself; make soak builds what it needs first.

.PHONY: soak-run
soak-run: $(T)/soak/soak
	@.ci/with-server.sh bash -c 'exec "$$0" "$$@" --url "$$HS_TEST_HTTP" --https "$$HS_TEST_HTTPS" --ca "$$HS_TEST_CA"' \
		$< --threads $(THREADS) --requests $(REQUESTS)

$(T)/soak/soak: tests/soak/soak.c $(HEADER) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	gcc -std=c99 -O2 -g $(WARNINGS) -Iinclude $< -o $@ -L$(LIB) -lhttp_sentinel -pthread -Wl,-rpath,'$$ORIGIN/../release'

# ---- Benchmarks. The plain loop links the very libcurl that the library was built from.

newest   = $(shell ls -td $(LIB)/build/$(1) 2>/dev/null | head -1)
BUNDLED  = $(call newest,curl-sys-*/out/build/libcurl.a) $(call newest,libnghttp2-sys-*/out/i/lib/libnghttp2.a) \
	$(call newest,openssl-sys-*/out/openssl-build/install/lib/libssl.a) \
	$(call newest,openssl-sys-*/out/openssl-build/install/lib/libcrypto.a) \
	$(call newest,libz-sys-*/out/lib/libz.a)
BENCH_CC = gcc -std=c99 -O2 $(WARNINGS) -Iinclude

.PHONY: bench-run
bench-run: $(T)/benches/one_worker $(T)/benches/footprint $(T)/benches/streams
	@.ci/with-server.sh bash -c '"$$0/footprint" "$$HS_TEST_HTTP/" "$$HS_TEST_HTTPS/" "$$HS_TEST_CA" && \
		echo "plain:" && "$$0/one_worker" "$$HS_TEST_HTTP/" "" && \
		echo "TLS, HTTP/2:" && "$$0/one_worker" "$$HS_TEST_HTTPS/" "$$HS_TEST_CA" 10000 && \
		echo "streams, plain:" && "$$0/streams" "$$HS_TEST_HTTP" "$$HS_TEST_CA" $(GB) && \
		echo "streams, TLS, HTTP/2:" && "$$0/streams" "$$HS_TEST_HTTPS" "$$HS_TEST_CA" $(GB)' $(T)/benches

$(T)/benches/one_worker: benches/one_worker.c $(HEADER) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	$(BENCH_CC) -DCURL_STATICLIB -isystem $(call newest,curl-sys-*/out/include) $< -o $@ -L$(LIB) -lhttp_sentinel \
		-Wl,-rpath,'$$ORIGIN/../release' $(BUNDLED) -pthread -ldl

$(T)/benches/%: benches/%.c $(HEADER) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	$(BENCH_CC) $< -o $@ -L$(LIB) -lhttp_sentinel -Wl,-rpath,'$$ORIGIN/../release'

.PHONY: outage-run
outage-run: $(T)/benches/outage
	@$< --svg src/resilience/outage.svg

# The peers are a package of their own, with a lock file of its own: they have as many dependencies again as the library.
.PHONY: bench-policies-run
bench-policies-run: $(LIB)/libhttp_sentinel.so
	@cd benches/policies && HS_LIB_DIR=$(LIB) cargo run --release --locked --quiet --target-dir $(T)/bench-policies
	@if go=$(GO); then cd benches/policies/go && GOTOOLCHAIN=local GOFLAGS=-buildvcs=false $$go run .; fi

# The contestants are programs; benches/pool/src, which is reqwest's as well, starts them in turns. Go is left out where there is none.
POOL_BENCHES := $(addprefix $(T)/benches/pool/,responder multi pool wake)

.PHONY: bench-pool-run
bench-pool-run: $(POOL_BENCHES)
	@if go=$(GO); then cd benches/pool/go && $(GO_ENV) $$go build -o $(T)/benches/pool/go .; fi
	@cd benches/pool && HS_BENCH_DIR=$(T)/benches/pool HS_TEST_SERVER=$(LIB)/hs-test-server \
		cargo run --release --locked --quiet --target-dir $(T)/bench-pool
	@.ci/with-server.sh bash -c 'echo "plain:" && "$$0/wake" "$$HS_TEST_HTTP/" - && \
		echo "TLS, HTTP/2:" && "$$0/wake" "$$HS_TEST_HTTPS/" "$$HS_TEST_CA"' $(T)/benches/pool

$(T)/benches/pool/multi: benches/pool/multi.c benches/pool/contest.h $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	$(BENCH_CC) -DCURL_STATICLIB -isystem $(call newest,curl-sys-*/out/include) $< -o $@ $(BUNDLED) -pthread -ldl

$(T)/benches/pool/%: benches/pool/%.c benches/pool/contest.h $(HEADER) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	$(BENCH_CC) $< -o $@ -L$(LIB) -lhttp_sentinel -Wl,-rpath,'$$ORIGIN/../../release'

# ---- The language packages beside C. A program of each is named in BINDING_BENCHES, C's first; benches/bindings/run.sh says
# what they print.

BINDING_BENCHES := $(T)/benches/bindings/c $(T)/benches/bindings/cpp $(T)/benches/bindings/bin/zig $(T)/benches/bindings/go

.PHONY: bench-bindings-run
bench-bindings-run: $(BINDING_BENCHES)
	@.ci/with-server.sh bash -c '"$$0" "$$HS_TEST_HTTP/" "$$@"' benches/bindings/run.sh $^

$(T)/benches/bindings/c: benches/bindings/c.c $(HEADER) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	$(BENCH_CC) $< -o $@ -L$(LIB) -lhttp_sentinel -Wl,-rpath,'$$ORIGIN/../../release'

$(T)/benches/bindings/cpp: benches/bindings/cpp.cpp $(CPP_HEADERS) $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	g++ -std=c++17 -O2 $(CPP_STRICT) $(CPP_INCLUDE) $< -o $@ -L$(LIB) -lhttp_sentinel -Wl,-rpath,'$$ORIGIN/../../release'

$(T)/benches/bindings/bin/zig: $(wildcard benches/bindings/zig/*) $(wildcard bindings/zig/*.zig bindings/zig/src/*) $(HEADER) $(LIB)/libhttp_sentinel.so
	. .ci/lib.sh && zig_caches 0.17 && cd benches/bindings/zig && $$ZIG17 build -Doptimize=ReleaseFast --prefix $(T)/benches/bindings
	@touch $@
