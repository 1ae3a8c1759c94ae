//! A response: status, header fields, and the whole body. It owns its bytes, outlives its client, and may be read and
//! freed on any thread. What is read from it is borrowed until `deinit`.
const Response = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const Headers = @import("Headers.zig");
const Attempt = @import("attempts.zig").Attempt;
const c = raw.c;

/// Any status; a 404 or a 503 is a response like any other.
status: std.http.Status,
/// Decoded, unless `.raw_body` was asked for. Borrowed until `deinit`.
body: []const u8,
/// The header fields, in the order received.
headers: Headers,
/// What `json` allocates from: the client's.
allocator: std.mem.Allocator,
/// For the C functions that this package has no name for.
handle: *c.hs_response,

/// Facts of a call: attempts, redirects, times in nanoseconds, bytes, connection, TLS. The fields are those of
/// `hs_metrics` in the C header, which says what each means.
pub const Metrics = c.hs_metrics;

/// A redirect that was followed.
pub const Redirect = struct { status: std.http.Status, url: []const u8, elapsed_ns: u64 };

/// Takes over a response of the C functions.
pub fn fromHandle(allocator: std.mem.Allocator, handle: *c.hs_response) Response {
    return .{
        .status = @enumFromInt(c.hs_response_status(handle)),
        .body = raw.slice(c.hs_response_body(handle)),
        .headers = .{ .handle = handle },
        .allocator = allocator,
        .handle = handle,
    };
}

/// Frees it, and all that was read from it. Once: a second time is a mistake that panics in safe builds.
pub fn deinit(response: Response) void {
    const status = c.hs_response_free(response.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("Response.deinit: it was freed before");
}

/// The value of the first field of that name, whatever its case; null where there is none.
pub fn header(response: Response, name: []const u8) ?[]const u8 {
    return response.headers.get(name);
}

/// The URL that gave it, after redirects; without user, password and fragment.
pub fn url(response: Response) []const u8 {
    return raw.slice(c.hs_response_url(response.handle));
}

/// Facts of the call; all zero only where the response was freed.
pub fn metrics(response: Response) Metrics {
    var facts = raw.sized(Metrics);
    _ = c.hs_response_metrics(response.handle, &facts);
    return facts;
}

/// How many attempts the call made; 1 where the first gave this response.
pub fn attempts(response: Response) u32 {
    return response.metrics().attempts;
}

/// The attempt at an index, hedges included, first to last; null beyond them.
pub fn attempt(response: Response, index: usize) ?Attempt {
    return Attempt.read(c.hs_response_attempt_at, response.handle, index);
}

/// The redirect at an index below `metrics().redirects`, first to last; null beyond. Its URL is borrowed.
pub fn redirect(response: Response, index: usize) ?Redirect {
    var found = raw.sized(c.hs_redirect);
    if (c.hs_response_redirect_at(response.handle, index, &found) != c.HS_OK) return null;
    return .{ .status = @enumFromInt(found.status), .url = raw.slice(found.url), .elapsed_ns = found.elapsed_ns };
}

/// The fields after the body.
pub fn trailers(response: Response) Headers {
    return .{ .handle = response.handle, .part = .trailers };
}

/// The status of the nth response (1xx) that came before this one; null where there are not so many.
pub fn interim(response: Response, nth: usize) ?std.http.Status {
    const status = c.hs_response_interim_status(response.handle, nth);
    return if (status == 0) null else @enumFromInt(status);
}

/// A header field of such a response, at an index from 0; null beyond. Borrowed.
pub fn interimHeader(response: Response, nth: usize, index: usize) ?std.http.Header {
    var field = std.mem.zeroes(c.hs_header);
    if (c.hs_response_interim_header_at(response.handle, nth, index, &field) != c.HS_OK) return null;
    return .{ .name = raw.slice(field.name), .value = raw.slice(field.value) };
}

/// What happened in the call, line by line, where its options had `.trace`; else empty.
pub fn trace(response: Response) []const u8 {
    return raw.slice(c.hs_response_trace(response.handle));
}

/// The body as a value of type `T`; fields that `T` does not have are skipped. The result owns its memory (from the
/// client's allocator), outlives the response, and is freed with its own `deinit`.
pub fn json(response: Response, comptime T: type) std.json.ParseError(std.json.Scanner)!std.json.Parsed(T) {
    return response.jsonWithOptions(T, .{ .ignore_unknown_fields = true, .allocate = .alloc_always });
}

/// The same as `std.json.parseFromSlice` with these options. Without `.allocate = .alloc_always` strings may be borrowed
/// from the body.
pub fn jsonWithOptions(
    response: Response,
    comptime T: type,
    options: std.json.ParseOptions,
) std.json.ParseError(std.json.Scanner)!std.json.Parsed(T) {
    return std.json.parseFromSlice(T, response.allocator, response.body, options);
}
