# The trading client in Zig: part of the Makefile at the top.

TRADING_ZIG := $(T)/examples/trading/zig

.PHONY: test-trading-zig
example-trading-zig: $(LIB)/libhttp_sentinel.so
	@mkdir -p $(TRADING_ZIG)
	. .ci/lib.sh && zig_caches 0.16 && cd examples/trading/zig && $$ZIG16 build --prefix $(TRADING_ZIG)
	@ln -sf bin/test_concurrent_safety $(TRADING_ZIG)/trading_safety

test-trading: test-trading-zig

# Its tests, with both versions of Zig, and the check as the younger one builds it.
test-trading-zig: $(LIB)/libhttp_sentinel.so
	@. .ci/lib.sh && $$ZIG16 fmt --check examples/trading/zig
	@for version in 0.16 0.17; do \
		(. .ci/lib.sh && zig_caches $$version && zig=$$ZIG16 && { [ $$version = 0.16 ] || zig=$$ZIG17; } && \
			cd examples/trading/zig && $(CURDIR)/.ci/with-server.sh $$zig build test --summary line) || exit 1; \
	done
	@. .ci/lib.sh && zig_caches 0.17 && cd examples/trading/zig && $$ZIG17 build --prefix $(TRADING_ZIG)/0.17
	@output=$$(.ci/with-server.sh $(TRADING_ZIG)/0.17/bin/test_concurrent_safety --threads 20 --requests 50 --faults 2 2>&1) \
		&& tail -n 1 <<<"$$output" || { printf '%s\n' "$$output"; exit 1; }
