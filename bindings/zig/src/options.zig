//! Options of clients and of requests. 0, "" and null are the defaults everywhere; durations are milliseconds, and
//! `infinite` is no limit. What has no field here is set in `base`, the C struct that the options begin from.
const std = @import("std");
const raw = @import("c.zig");
const policies = @import("policies.zig");
const CancelToken = @import("CancelToken.zig");
const Diagnostics = @import("Diagnostics.zig");
const CookieJar = @import("CookieJar.zig");
const Form = @import("Form.zig");
const Mock = @import("Mock.zig");
const Pipe = @import("Pipe.zig");
const Simulation = @import("Simulation.zig");
const c = raw.c;

/// Of what is asked for.
pub const HttpVersion = enum(u32) {
    /// HTTP/2 where TLS negotiates it, else HTTP/1.1.
    default = c.HS_HTTP_DEFAULT,
    http_1_0 = c.HS_HTTP_1_0,
    http_1_1 = c.HS_HTTP_1_1,
    http_2 = c.HS_HTTP_2,
    /// HTTP/2 without negotiation, also in clear.
    http_2_prior_knowledge = c.HS_HTTP_2_PRIOR_KNOWLEDGE,
};

/// What becomes of a redirect (301, 302, 303, 307, 308).
pub const Redirects = enum(u32) {
    /// Of a request the client's setting, of a client `.follow`.
    default = c.HS_REDIRECT_DEFAULT,
    /// Secrets are dropped on the way to another origin, and stay dropped.
    follow = c.HS_REDIRECT_FOLLOW,
    /// A redirect is the response.
    @"return" = c.HS_REDIRECT_RETURN,
    /// `error.RedirectRefused` where it leads to another origin.
    same_origin = c.HS_REDIRECT_SAME_ORIGIN,
};

/// Credentials. They go to one origin and are dropped where a redirect leads to another; no error shows them.
pub const Auth = union(enum) {
    /// Not the client's either.
    none,
    basic: struct { user: []const u8, password: []const u8 },
    digest: struct { user: []const u8, password: []const u8 },
    bearer: []const u8,

    /// The C struct; it borrows.
    pub fn native(auth: Auth, origin: []const u8) c.hs_auth {
        var to = raw.sized(c.hs_auth);
        to.origin = raw.str(origin);
        switch (auth) {
            .none => to.scheme = c.HS_AUTH_NONE,
            .basic => |pair| {
                to.scheme = c.HS_AUTH_BASIC;
                to.user = raw.str(pair.user);
                to.password = raw.str(pair.password);
            },
            .digest => |pair| {
                to.scheme = c.HS_AUTH_DIGEST;
                to.user = raw.str(pair.user);
                to.password = raw.str(pair.password);
            },
            .bearer => |token| {
                to.scheme = c.HS_AUTH_BEARER;
                to.token = raw.str(token);
            },
        }
        return to;
    }
};

/// A request body that is read while it is sent.
pub const Upload = struct {
    from: union(enum) {
        /// Read on the client's thread, inside of the call. It may wait for its data, but then the client waits too.
        reader: *std.Io.Reader,
        /// Written by other threads.
        pipe: Pipe,
    },
    /// How many bytes there are, which is kept to; 0: as many as come.
    length: u64 = 0,
    /// Makes the reader begin again, for a redirect or an attempt that repeats the request; false where it cannot. Null:
    /// it never can, and the call ends with `error.NotReplayable` where it would have to.
    rewind: ?*const fn (*std.Io.Reader) bool = null,
};

/// Options of a client; nothing of them is needed after `initWithOptions`.
pub const ClientOptions = struct {
    /// A whole call: queue, DNS, connect, TLS, sending, receiving, every retry and redirect. Default 30,000; none for
    /// streams.
    timeout_ms: u64 = 0,
    /// One attempt, to the end of the response head. Default 10,000.
    attempt_timeout_ms: u64 = 0,
    /// DNS, TCP and TLS of a new connection together. Default 5,000.
    connect_timeout_ms: u64 = 0,
    /// The longest time without progress while a body is received. Default 10,000.
    idle_timeout_ms: u64 = 0,
    /// How many attempts a call makes at most; 1 is no retries. Default 3; at most 100.
    max_attempts: u32 = 0,
    /// The largest body that is accepted, in bytes. Default 64 MiB; unlimited for streams.
    max_body_bytes: u64 = 0,
    /// The longest response head, in bytes. Default 65,536; at most 307,200.
    max_header_bytes: u32 = 0,
    /// The most fields of a response head. Default 200; at most 5,000.
    max_header_count: u32 = 0,
    /// How long a connection may idle and still be used again. Default 55,000.
    idle_connection_ms: u64 = 0,
    /// How old a connection may be and still be used again. Default 300,000.
    connection_life_ms: u64 = 0,
    /// How many idle connections are kept. Default 100.
    max_idle_connections: u32 = 0,
    http_version: HttpVersion = .default,
    redirects: Redirects = .default,
    /// Default 10; at most 1,000.
    max_redirects: u32 = 0,
    /// Redirects from https to http are followed too.
    allow_downgrade: bool = false,
    /// Bodies come as they were sent: nothing is decoded.
    raw_body: bool = false,
    /// The client has a cookie jar of its own.
    cookies: bool = false,
    /// A jar that it shares with others, instead.
    cookie_jar: ?CookieJar = null,
    /// The trace of each call is kept, for `Response.trace` and `Diagnostics.trace`. It costs time and memory.
    trace: bool = false,
    /// Default "http-sentinel/VERSION".
    user_agent: []const u8 = "",
    /// A PEM file with the CA certificates to trust instead of the system's, or the same as text; at most one.
    ca_file: []const u8 = "",
    ca_pem: []const u8 = "",
    /// Names of header fields whose values are secrets, whatever their case: never in an error, a log or a trace, and
    /// never sent to another origin. `Authorization`, `Cookie` and `Proxy-Authorization` are secrets without being named.
    sensitive_headers: []const []const u8 = &.{},
    /// Credentials for requests whose URL is of `auth_origin`, for instance "https://api.example:8443".
    auth: ?Auth = null,
    auth_origin: []const u8 = "",
    policies: ?policies.Policies = null,
    /// Answers instead of the network, for tests.
    mock: ?Mock = null,
    /// Virtual time, only together with `mock`.
    simulation: ?Simulation = null,
    /// Is told why `initWithOptions` failed.
    diagnostics: ?*Diagnostics = null,
    /// What has no field here.
    base: ?*const c.hs_worker_options = null,

    /// The C structs, which point to each other.
    pub const Native = struct {
        options: c.hs_worker_options,
        auth: c.hs_auth,
        policies: policies.Native,

        /// Borrows what `from` points to; `native` must stay where it is.
        pub fn fill(native: *Native, from: ClientOptions) error{InvalidArgument}!void {
            native.options = if (from.base) |base| base.* else raw.sized(c.hs_worker_options);
            const options = &native.options;
            inline for (.{
                "timeout_ms",         "attempt_timeout_ms", "connect_timeout_ms",   "idle_timeout_ms",
                "max_attempts",       "max_body_bytes",     "max_header_bytes",     "max_header_count",
                "idle_connection_ms", "connection_life_ms", "max_idle_connections", "max_redirects",
            }) |name| {
                if (@field(from, name) != 0) @field(options, name) = @field(from, name);
            }
            inline for (.{ "user_agent", "ca_file", "ca_pem" }) |name| {
                if (@field(from, name).len != 0) @field(options, name) = raw.str(@field(from, name));
            }
            if (from.http_version != .default) options.http_version = @intFromEnum(from.http_version);
            if (from.redirects != .default) options.redirects = @intFromEnum(from.redirects);
            if (from.allow_downgrade) options.flags |= c.HS_ALLOW_DOWNGRADE;
            if (from.raw_body) options.flags |= c.HS_RAW_BODY;
            if (from.cookies) options.flags |= c.HS_COOKIES;
            if (from.trace) options.flags |= c.HS_TRACE;
            if (from.cookie_jar) |jar| options.cookies = jar.handle;
            if (from.mock) |mock| options.mock = mock.handle;
            if (from.simulation) |simulation| options.simulation = simulation.handle;
            if (from.auth) |auth| {
                native.auth = auth.native(from.auth_origin);
                options.auth = &native.auth;
            }
            if (from.policies) |given| {
                try native.policies.fill(given);
                options.policies = &native.policies.policies;
            }
        }
    };
};

/// Options of a request: what is 0, null or false is as the client has it. Borrowed during the call.
pub const RequestOptions = struct {
    /// The whole call.
    timeout_ms: u64 = 0,
    /// One attempt, to the end of the response head.
    attempt_timeout_ms: u64 = 0,
    /// DNS, TCP and TLS of a new connection together.
    connect_timeout_ms: u64 = 0,
    /// The longest time without progress while the body is received, or an upload is sent.
    idle_timeout_ms: u64 = 0,
    /// How many attempts are made at most; 1 is no retries.
    max_attempts: u32 = 0,
    /// The largest body that is accepted, in bytes.
    max_body_bytes: u64 = 0,
    http_version: HttpVersion = .default,
    redirects: Redirects = .default,
    max_redirects: u32 = 0,
    allow_downgrade: bool = false,
    raw_body: bool = false,
    trace: bool = false,
    /// Doing the request twice does no harm, whatever its method.
    idempotent: bool = false,
    /// Doing it twice does harm, whatever its method: for servers that do more for each DELETE or PUT.
    not_idempotent: bool = false,
    /// A request that is not idempotent gets an `Idempotency-Key`, the same for all attempts; only for servers that
    /// honour it.
    idempotency_key: bool = false,
    /// Names of header fields whose values are secrets, besides the client's.
    sensitive_headers: []const []const u8 = &.{},
    auth: ?Auth = null,
    policies: ?policies.Policies = null,
    /// The body, read while it is sent; `body` is empty then. Not through a pool, unless it is a pipe.
    upload: ?Upload = null,
    /// A form as the body.
    form: ?Form = null,
    /// Ends the call from another thread.
    cancel: ?CancelToken = null,
    /// A method that `std.http.Method` does not have; any token (RFC 9110).
    method: []const u8 = "",
    /// Is told why the call failed.
    diagnostics: ?*Diagnostics = null,
    /// What has no field here.
    base: ?*const c.hs_request_options = null,
};
