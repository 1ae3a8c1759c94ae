# The trading client in Go: part of the Makefile at the top.

.PHONY: test-trading-go
example-trading-go: $(LIB)/libhttp_sentinel.so
	@mkdir -p $(T)/examples/trading/go
	go=$(GO) && cd examples/trading/go && $(GO_PACKAGE_ENV) $$go build -o $(T)/examples/trading/go/ ./trading_safety ./one_order

test-trading: test-trading-go

# Its tests, and the check under the race detector.
test-trading-go: $(LIB)/libhttp_sentinel.so
	@go=$(GO) && cd examples/trading/go && unformatted=$$($$($$go env GOROOT)/bin/gofmt -l .) && \
		{ [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted"; exit 1; }; }
	@go=$(GO) && cd examples/trading/go && $(GO_PACKAGE_ENV) $$go vet ./...
	@go=$(GO) && cd examples/trading/go && $(GO_PACKAGE_ENV) $(CURDIR)/.ci/with-server.sh $$go test -race -count=1 ./...
