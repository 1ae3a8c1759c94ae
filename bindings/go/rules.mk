# The Go package: its tests, its examples, its benchmark. Part of the Makefile.

# How many requests the program sends that looks whether anything grows with them.
GO_FLAT ?= 10000

# A package's own flags say where the library is; the define is for headers, which Go's build cache does not look into.
GO_PACKAGE_ENV = GOCACHE=$(T)/go-cache GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-buildvcs=false CGO_ENABLED=1 \
	CGO_CFLAGS="-O2 -g -DHS_HEADER_SUM=$$(cksum <$(CURDIR)/$(HEADER) | cut -d' ' -f1)" CGO_LDFLAGS="-L$(LIB) -Wl,-rpath,$(LIB)"
GO_IN = go=$(GO) && cd bindings/go && $(GO_PACKAGE_ENV)

.PHONY: test-go
test-go: $(LIB)/libhttp_sentinel.so ## the Go package: gofmt, vet, tests under the race detector, examples, GO_FLAT=10000 requests
	@$(GO_IN) && unformatted=$$($$($$go env GOROOT)/bin/gofmt -l . ../../benches/bindings/go ../../tests/drivers/go) && \
		{ [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted"; exit 1; }; }
	@examples/check_readme.sh bindings/go/README.md 3
	@$(GO_IN) $$go vet ./...
	@$(GO_IN) GODEBUG=cgocheck=1 $(CURDIR)/.ci/with-server.sh $$go test -race -count=1 ./...
	@mkdir -p $(T)/go
	@$(GO_IN) $$go build -o $(T)/go/ ./internal/flat ./examples/...
	@.ci/with-server.sh bindings/go/examples/run.sh $(T)/go
	@.ci/with-server.sh bash -c '"$$0" -requests $(GO_FLAT) "$$HS_TEST_HTTP"' $(T)/go/flat

# Go looks itself whether there is anything to do.
.PHONY: $(T)/benches/bindings/go
$(T)/benches/bindings/go: $(LIB)/libhttp_sentinel.so
	@mkdir -p $(@D)
	@go=$(GO) && cd benches/bindings/go && $(GO_PACKAGE_ENV) CGO_CFLAGS="-O2 -g -I$(CURDIR)/include" $$go build -o $@ .
