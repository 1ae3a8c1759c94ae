//! The tests against the test server. Memory is std.testing.allocator's: what leaks, fails.
test {
    _ = @import("client.zig");
    _ = @import("retry.zig");
    _ = @import("stream.zig");
    _ = @import("pool.zig");
    _ = @import("fetch.zig");
    _ = @import("objects.zig");
}
