//! An HTTP client that owns its connections and belongs to the thread that made it: one a thread, nothing shared, no
//! locks. On another thread every request is `error.WrongThread` and does nothing.
//!
//!     var client = try HttpClient.init(allocator);
//!     defer client.deinit();
//!     const response = try client.get("https://api.example/v1/clock", &.{});
//!     defer response.deinit();
//!
//! Each method has a `…WithOptions` beside it, for timeouts, retries, cancelling and `Diagnostics`. Any HTTP status is a
//! response; errors are those of `Error`, and say that there is none. Header fields, URLs and bodies are borrowed during
//! the call.
const HttpClient = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const requests = @import("request.zig");
const upload = @import("upload.zig");
const Diagnostics = @import("Diagnostics.zig");
const Response = @import("Response.zig");
const ResponseStream = @import("ResponseStream.zig");
const c = raw.c;

pub const Options = @import("options.zig").ClientOptions;
pub const RequestOptions = @import("options.zig").RequestOptions;
const Header = std.http.Header;
const Method = std.http.Method;
const Error = errors.Error;

/// What a client has done since it was made. The fields are those of `hs_counters` in the C header.
pub const Counters = c.hs_counters;

/// For header fields beyond 32 and what `Response.json` makes; every byte of the network is the library's own memory.
/// It is used on any thread that a response is used on.
allocator: std.mem.Allocator,
/// Null after `deinit`.
handle: ?*c.hs_worker,
secrets: Secrets,

/// A client with defaults: whole call 30 s, connect 5 s, three attempts, at most 10 redirects, TLS verified.
/// Errors: `LibcurlUnsuitable`, `CaStoreInvalid`, `TooManyHandles`, `ThreadExiting`, `OutOfMemory`.
pub fn init(allocator: std.mem.Allocator) Error!HttpClient {
    return initWithOptions(allocator, .{});
}

/// Nothing of the options is needed afterwards. Errors: those of `init`, and those that say which option is wrong
/// (`InvalidArgument`, `InvalidHeader`, `InvalidCredentials`, `InvalidUrl`, …; `options.diagnostics` has the text).
pub fn initWithOptions(allocator: std.mem.Allocator, options: Options) Error!HttpClient {
    var native: Options.Native = undefined;
    native.fill(options) catch |err|
        return Diagnostics.put(options.diagnostics, err, "policies.rate_limits has more than 16 buckets");
    const secrets = Secrets.copy(allocator, options.sensitive_headers) catch |err|
        return Diagnostics.put(options.diagnostics, err, "no memory for sensitive_headers");
    errdefer secrets.deinit(allocator);
    var client = try initNative(allocator, &native.options, options.diagnostics);
    client.secrets = secrets;
    return client;
}

/// The same from the C struct alone.
pub fn initNative(
    allocator: std.mem.Allocator,
    options: *const c.hs_worker_options,
    diagnostics: ?*Diagnostics,
) Error!HttpClient {
    var handle: ?*c.hs_worker = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_worker_new(options, &handle, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .allocator = allocator, .handle = handle, .secrets = .{} };
}

/// Closes its connections. Responses live on; streams end. On another thread than its own, and inside of a callback of
/// its own call, it is given up instead: its thread closes it at its next use of the library, or when it exits. A second
/// time is a mistake that panics in safe builds.
pub fn deinit(client: *HttpClient) void {
    if (std.debug.runtime_safety and client.handle == null) @panic("HttpClient.deinit: it was closed before");
    switch (c.hs_worker_free(client.handle)) {
        c.HS_ERR_WRONG_THREAD, c.HS_ERR_BUSY => _ = c.hs_worker_retire(client.handle),
        else => {},
    }
    client.secrets.deinit(client.allocator);
    client.handle = null;
}

/// GET. The response is the caller's, who frees it with `deinit`. Its own thread; errors: any of `Error`.
pub fn get(client: *HttpClient, url: []const u8, headers: []const Header) Error!Response {
    return client.requestWithOptions(.GET, url, headers, "", .{});
}

/// The same with timeouts, attempts, secrets, cancelling or `Diagnostics`.
pub fn getWithOptions(client: *HttpClient, url: []const u8, headers: []const Header, options: RequestOptions) Error!Response {
    return client.requestWithOptions(.GET, url, headers, "", options);
}

/// HEAD. The response is the caller's, who frees it with `deinit`. Its own thread; errors: any of `Error`.
pub fn head(client: *HttpClient, url: []const u8, headers: []const Header) Error!Response {
    return client.requestWithOptions(.HEAD, url, headers, "", .{});
}

/// The same with timeouts, attempts, secrets, cancelling or `Diagnostics`.
pub fn headWithOptions(client: *HttpClient, url: []const u8, headers: []const Header, options: RequestOptions) Error!Response {
    return client.requestWithOptions(.HEAD, url, headers, "", options);
}

/// DELETE. The response is the caller's, who frees it with `deinit`. Its own thread; errors: any of `Error`.
pub fn delete(client: *HttpClient, url: []const u8, headers: []const Header) Error!Response {
    return client.requestWithOptions(.DELETE, url, headers, "", .{});
}

/// The same with timeouts, attempts, secrets, cancelling or `Diagnostics`.
pub fn deleteWithOptions(client: *HttpClient, url: []const u8, headers: []const Header, options: RequestOptions) Error!Response {
    return client.requestWithOptions(.DELETE, url, headers, "", options);
}

/// POST, with a body that may be empty. The response is the caller's, who frees it with `deinit`. Its own thread; errors: any of `Error`.
pub fn post(client: *HttpClient, url: []const u8, headers: []const Header, body: []const u8) Error!Response {
    return client.requestWithOptions(.POST, url, headers, body, .{});
}

/// The same with timeouts, attempts, secrets, cancelling or `Diagnostics`.
pub fn postWithOptions(client: *HttpClient, url: []const u8, headers: []const Header, body: []const u8, options: RequestOptions) Error!Response {
    return client.requestWithOptions(.POST, url, headers, body, options);
}

/// PUT, with a body that may be empty. The response is the caller's, who frees it with `deinit`. Its own thread; errors: any of `Error`.
pub fn put(client: *HttpClient, url: []const u8, headers: []const Header, body: []const u8) Error!Response {
    return client.requestWithOptions(.PUT, url, headers, body, .{});
}

/// The same with timeouts, attempts, secrets, cancelling or `Diagnostics`.
pub fn putWithOptions(client: *HttpClient, url: []const u8, headers: []const Header, body: []const u8, options: RequestOptions) Error!Response {
    return client.requestWithOptions(.PUT, url, headers, body, options);
}

/// PATCH, with a body that may be empty. The response is the caller's, who frees it with `deinit`. Its own thread; errors: any of `Error`.
pub fn patch(client: *HttpClient, url: []const u8, headers: []const Header, body: []const u8) Error!Response {
    return client.requestWithOptions(.PATCH, url, headers, body, .{});
}

/// The same with timeouts, attempts, secrets, cancelling or `Diagnostics`.
pub fn patchWithOptions(client: *HttpClient, url: []const u8, headers: []const Header, body: []const u8, options: RequestOptions) Error!Response {
    return client.requestWithOptions(.PATCH, url, headers, body, options);
}

/// Any method of `std.http` but CONNECT; `body` may be null or empty, which is none. The response is the caller's. Its own thread.
pub fn request(client: *HttpClient, method: Method, url: []const u8, headers: []const Header, body: ?[]const u8) Error!Response {
    return client.requestWithOptions(method, url, headers, body, .{});
}

/// The response is the caller's, who frees it with `deinit`.
pub fn requestWithOptions(
    client: *HttpClient,
    method: Method,
    url: []const u8,
    headers: []const Header,
    body: ?[]const u8,
    options: RequestOptions,
) Error!Response {
    return client.send(.{ .method = method, .url = url, .headers = headers, .body = body orelse "", .options = options });
}

/// The same in one value.
pub fn send(client: *HttpClient, parts: requests.Parts) Error!Response {
    var native: requests.Native = undefined;
    try native.fill(client.allocator, parts, client.secrets.names);
    defer native.deinit(client.allocator);
    const handle = try client.call(parts, &native.options);
    return .fromHandle(client.allocator, handle);
}

/// A request whose options are all in the C struct. It knows nothing of the client's `sensitive_headers`.
pub fn sendNative(client: *HttpClient, options: *const c.hs_request_options, diagnostics: ?*Diagnostics) Error!Response {
    const parts: requests.Parts = .{ .method = .POST, .url = "", .options = .{ .diagnostics = diagnostics } }; // not known to be idempotent
    return .fromHandle(client.allocator, try client.call(parts, options));
}

/// A response whose body is read piece by piece, with back-pressure: the call ends with the response head.
pub fn stream(client: *HttpClient, method: Method, url: []const u8, headers: []const Header, body: []const u8) Error!ResponseStream {
    return client.streamWithOptions(method, url, headers, body, .{});
}

/// The reader of `options.upload` must live until the stream's `deinit`.
pub fn streamWithOptions(
    client: *HttpClient,
    method: Method,
    url: []const u8,
    headers: []const Header,
    body: []const u8,
    options: RequestOptions,
) Error!ResponseStream {
    const parts: requests.Parts = .{ .method = method, .url = url, .headers = headers, .body = body, .options = options };
    var native: requests.Native = undefined;
    try native.fill(client.allocator, parts, client.secrets.names);
    defer native.deinit(client.allocator);
    native.options.flags |= c.HS_STREAM;
    // What is sent while the response is read must be there as long as that.
    const sending = if (options.upload == null) null else client.allocator.create(upload.State) catch |err|
        return Diagnostics.put(options.diagnostics, err, "no memory for the upload");
    errdefer if (sending) |state| client.allocator.destroy(state);
    if (sending) |state| {
        state.fill(options.upload.?);
        native.options.upload = &state.native;
    }
    return .fromHandle(client.allocator, try client.call(parts, &native.options), sending);
}

/// Closes the connections that nothing uses; streams go on. Its own thread.
pub fn closeIdle(client: *HttpClient) Error!void {
    try errors.check(c.hs_worker_close_idle(client.handle));
}

/// What it has done so far. Any thread, also while it is in a call.
pub fn counters(client: *const HttpClient) Error!Counters {
    var facts = raw.sized(Counters);
    try errors.check(c.hs_worker_counters(client.handle, &facts));
    return facts;
}

fn call(client: *HttpClient, parts: requests.Parts, options: *const c.hs_request_options) Error!*c.hs_response {
    var response: ?*c.hs_response = null;
    var failure: ?*c.hs_error = null;
    const to = if (requests.wantsDetails(parts)) &failure else null;
    const status = c.hs_request(client.handle, options, &response, to);
    return requests.outcome(parts, status, response, failure);
}

/// The names of header fields that are secrets, copied.
pub const Secrets = struct {
    names: []const []const u8 = &.{},

    /// Every name is a copy.
    pub fn copy(allocator: std.mem.Allocator, from: []const []const u8) error{OutOfMemory}!Secrets {
        if (from.len == 0) return .{};
        const names = try allocator.alloc([]const u8, from.len);
        errdefer allocator.free(names);
        for (from, names, 0..) |name, *to, made| {
            errdefer for (names[0..made]) |one| allocator.free(one);
            to.* = try allocator.dupe(u8, name);
        }
        return .{ .names = names };
    }

    /// Frees what `copy` made.
    pub fn deinit(secrets: Secrets, allocator: std.mem.Allocator) void {
        for (secrets.names) |name| allocator.free(name);
        if (secrets.names.len > 0) allocator.free(secrets.names);
    }
};
