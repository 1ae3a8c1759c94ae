# The Zig package's own rules; the Makefile at the top includes them.

.PHONY: test-zig
test-zig: $(LIB)/libhttp_sentinel.so ## the Zig package: its tests and examples, with Zig 0.16 and 0.17
	@.ci/test-zig.sh
