//! HTTP Sentinel: one HTTP client with one behaviour, for Zig. Thread-safe by construction: a client belongs to the
//! thread that made it, and a pool serves everybody else. Resilient: retries, circuit breakers, rate limiters, deadlines
//! and cancelling are the library's own, the same in every language.
//!
//! `HttpClient` is where to begin; `ClientPool` is for tasks that change threads and for `std.Io`.
const std = @import("std");
const raw = @import("c.zig");

pub const HttpClient = @import("HttpClient.zig");
pub const HttpWorker = @import("HttpWorker.zig");
pub const ClientPool = @import("ClientPool.zig");
pub const Response = @import("Response.zig");
pub const ResponseStream = @import("ResponseStream.zig");
pub const Headers = @import("Headers.zig");
pub const Attempt = @import("attempts.zig").Attempt;

/// What can go wrong: every `HS_ERR_…` of the C header by a name of its own.
pub const Error = errors.Error;
pub const Diagnostics = @import("Diagnostics.zig");
/// Between errors and the C statuses.
pub const errors = @import("errors.zig");

const options = @import("options.zig");
pub const ClientOptions = options.ClientOptions;
pub const RequestOptions = options.RequestOptions;
pub const HttpVersion = options.HttpVersion;
pub const Redirects = options.Redirects;
pub const Auth = options.Auth;
pub const Upload = options.Upload;
pub const CancelToken = @import("CancelToken.zig");
pub const Pipe = @import("Pipe.zig");
pub const Form = @import("Form.zig");
pub const CookieJar = @import("CookieJar.zig");
pub const Text = @import("Text.zig");
pub const Mock = @import("Mock.zig");
pub const Simulation = @import("Simulation.zig");
/// A request in one value: `HttpClient.send`.
pub const Request = @import("request.zig").Parts;

pub const RetryEngine = @import("RetryEngine.zig");
pub const CircuitBreaker = @import("CircuitBreaker.zig");
pub const RateLimiter = @import("RateLimiter.zig");
pub const Budget = @import("Budget.zig");
pub const Bulkhead = @import("Bulkhead.zig");
const policies = @import("policies.zig");
pub const Policies = policies.Policies;
pub const Retry = policies.Retry;
pub const Hedge = policies.Hedge;
pub const Bucket = policies.Bucket;

/// As a duration: no limit.
pub const infinite = raw.infinite;

/// The C functions and structs, for what this package has no name for: the header http_sentinel.h, translated.
pub const c = raw.c;
/// A C struct: all zero, which is the default everywhere, but its size.
pub const sized = raw.sized;
/// A text of the C functions from and to a slice.
pub const str = raw.str;
pub const slice = raw.slice;

/// The version of the library, "MAJOR.MINOR.PATCH".
pub fn version() []const u8 {
    return raw.slice(c.hs_library_version());
}

test {
    std.testing.refAllDecls(@This());
}
