//! A double for all servers, for tests: a client that has it (`ClientOptions.mock`) opens no socket, and what it would
//! send is answered by rules. All that is above the network is as ever. Any thread. A plain value: copy it freely,
//! `deinit` it once.
//!
//!     const mock: Mock = try .init();
//!     defer mock.deinit();
//!     try mock.add(.{ .url = "/v1/clock", .status = 503, .times = 1 }, null);
//!     try mock.add(.{ .url = "/v1/clock", .body = "{}" }, null);
const Mock = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const fields = @import("fields.zig");
const Diagnostics = @import("Diagnostics.zig");
const c = raw.c;

handle: *c.hs_mock,

/// Which requests it is for, and what they get; `hs_mock_rule` in the C header says more.
pub const Rule = struct {
    /// Empty is any.
    method: []const u8 = "",
    /// A whole URL, or path and query where it begins with "/". Empty is any.
    url: []const u8 = "",
    /// `url` is how the URL begins.
    prefix: bool = false,
    /// How many requests it is for; 0 is any number.
    times: u32 = 0,
    /// Of the answer. 0: 200, or none where there is a `failure`.
    status: u16 = 0,
    /// At most 32.
    headers: []const std.http.Header = &.{},
    body: []const u8 = "",
    /// How the exchange fails.
    failure: ?errors.Error = null,
    /// How long the head is waited for, in milliseconds.
    delay_ms: u64 = 0,
    /// Nothing ever comes.
    stall: bool = false,
};

/// Errors: `TooManyHandles`.
pub fn init() errors.Error!Mock {
    var handle: ?*c.hs_mock = null;
    try errors.check(c.hs_mock_new(&handle));
    return .{ .handle = handle.? };
}

/// Clients that have it keep it.
pub fn deinit(mock: Mock) void {
    const status = c.hs_mock_free(mock.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("Mock.deinit: it was freed before");
}

/// Adds a rule behind the others; nothing of it is needed afterwards. Errors: `InvalidArgument`, `InvalidUrl`,
/// `InvalidMethod`, `InvalidHeader`.
pub fn add(mock: Mock, rule: Rule, diagnostics: ?*Diagnostics) errors.Error!void {
    var native = raw.sized(c.hs_mock_rule);
    var headers: [32]c.hs_header = undefined;
    if (rule.headers.len > headers.len)
        return Diagnostics.put(diagnostics, error.InvalidArgument, "a rule has at most 32 header fields");
    fields.copy(headers[0..rule.headers.len], rule.headers, &.{}, &.{});
    native.method = raw.str(rule.method);
    native.url = raw.str(rule.url);
    native.times = rule.times;
    native.status = rule.status;
    native.answer_headers = &headers;
    native.answer_header_count = rule.headers.len;
    native.answer_body = raw.str(rule.body);
    native.delay_ms = rule.delay_ms;
    if (rule.failure) |failure| native.failure = errors.toStatus(failure) orelse c.HS_ERR_INTERNAL;
    if (rule.prefix) native.flags |= c.HS_MOCK_PREFIX;
    if (rule.stall) native.flags |= c.HS_MOCK_STALL;
    return mock.addNative(&native, diagnostics);
}

/// The same from the C struct, for what `Rule` has no field for.
pub fn addNative(mock: Mock, rule: *const c.hs_mock_rule, diagnostics: ?*Diagnostics) errors.Error!void {
    var failure: ?*c.hs_error = null;
    const status = c.hs_mock_add(mock.handle, rule, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
}

/// Takes out its rules, and forgets what it was asked.
pub fn clear(mock: Mock) errors.Error!void {
    try errors.check(c.hs_mock_clear(mock.handle));
}

/// How many requests it got.
pub fn calls(mock: Mock) usize {
    return c.hs_mock_calls(mock.handle);
}

/// How many answers of its rules were not asked for.
pub fn unused(mock: Mock) usize {
    return c.hs_mock_unused(mock.handle);
}

/// A request that it got, from 0; null beyond. Borrowed until `clear` or `deinit`. The fields are those of `hs_mock_call`.
pub fn call(mock: Mock, index: usize) ?c.hs_mock_call {
    var found = raw.sized(c.hs_mock_call);
    return if (c.hs_mock_call_at(mock.handle, index, &found) == c.HS_OK) found else null;
}

/// A header field of such a request, the nth of that name; null where there is none.
pub fn callHeader(mock: Mock, index: usize, name: []const u8, nth: usize) ?[]const u8 {
    return raw.optional(c.hs_mock_call_header(mock.handle, index, raw.str(name), nth));
}
