const std = @import("std");
const hs = @import("http_sentinel");
const Failure = @import("Failure.zig");
const Error = Failure.Error;

/// An answer of the broker's, whatever its status: see `isSuccess`. It is freed with `deinit`; what was read from it
/// lives on by itself.
///
///     const response = try client.getAccount();
///     defer response.deinit();
///     const account = try response.value();
///     defer account.deinit();
pub fn Response(comptime T: type) type {
    return struct {
        const Self = @This();
        pub const Value = T;

        /// 204 where the answer was lost, and asking showed that it was done.
        status: std.http.Status,
        /// JSON, or what came instead; "null" or "[]" where there was no answer. Borrowed until `deinit`.
        body: []const u8,
        /// Its own answer was lost, and the broker was asked what became of it.
        reconciled: bool = false,
        /// Status, the broker's code and message, whether it was sent, attempts. Of a success without `err`.
        context: Failure,
        allocator: std.mem.Allocator,
        /// Null where nothing came but the outcome is known.
        http: ?hs.Response,

        pub fn from(response: hs.Response, context: Failure) Self {
            return .{
                .status = response.status,
                .body = response.body,
                .context = context,
                .allocator = response.allocator,
                .http = response,
            };
        }

        /// What was done although nothing was answered.
        pub fn done(allocator: std.mem.Allocator, context: Failure, body: []const u8) Self {
            var self: Self = .{
                .status = .no_content,
                .body = body,
                .reconciled = true,
                .context = context,
                .allocator = allocator,
                .http = null,
            };
            self.context.err = null;
            return self;
        }

        pub fn deinit(self: Self) void {
            if (self.http) |http| http.deinit();
        }

        pub fn isSuccess(self: Self) bool {
            return self.context.err == null;
        }

        /// The answer as the type that it has in the broker's documentation.
        pub fn value(self: Self) Error!std.json.Parsed(T) {
            return self.json(T);
        }

        /// The same, and frees the response: `const account = try (try client.getAccount()).take();`
        pub fn take(self: Self) Error!std.json.Parsed(T) {
            defer self.deinit();
            return self.value();
        }

        /// The answer as a type of your own, which skips fields that it does not have. A refusal is its error. What
        /// is returned owns its memory, and is freed with its own `deinit`.
        pub fn json(self: Self, comptime U: type) Error!std.json.Parsed(U) {
            if (self.context.err) |err| return err;
            return parse(U, self.allocator, self.body);
        }
    };
}

pub fn parse(comptime T: type, allocator: std.mem.Allocator, body: []const u8) Error!std.json.Parsed(T) {
    const options: std.json.ParseOptions = .{ .ignore_unknown_fields = true, .allocate = .alloc_always };
    const parsed = std.json.parseFromSlice(T, allocator, body, options) catch |err|
        return if (err == error.OutOfMemory) error.OutOfMemory else error.BadAnswer;
    if (@typeInfo(T) == .@"struct" and @hasDecl(T, "isWhole")) {
        if (!parsed.value.isWhole()) {
            parsed.deinit();
            return error.BadAnswer;
        }
    }
    return parsed;
}
