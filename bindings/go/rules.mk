# The Go package: its tests, its benchmark. Part of the Makefile.

# A package's own flags say where the library is; the define is for headers as above.
GO_PACKAGE_ENV = GOCACHE=$(T)/go-cache GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-buildvcs=false CGO_ENABLED=1 \
	CGO_CFLAGS="-O2 -g -DHS_HEADER_SUM=$$(cksum <$(CURDIR)/$(HEADER) | cut -d' ' -f1)" CGO_LDFLAGS="-L$(LIB) -Wl,-rpath,$(LIB)"

.PHONY: test-go
test-go: $(LIB)/libhttp_sentinel.so ## the Go package: gofmt, vet, its tests under the race detector
	@go=$(GO) && cd bindings/go && unformatted=$$($$($$go env GOROOT)/bin/gofmt -l .) && \
		{ [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted"; exit 1; }; }
	@go=$(GO) && cd bindings/go && $(GO_PACKAGE_ENV) $$go vet ./...
	@go=$(GO) && cd bindings/go && $(GO_PACKAGE_ENV) $(CURDIR)/.ci/with-server.sh $$go test -race -count=1 ./...
