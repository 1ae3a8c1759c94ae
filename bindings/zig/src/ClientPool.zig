//! Carries out requests from any thread, thousands at once, on a few threads of the library's own. For tasks that change
//! threads, for event loops, and for `std.Io`. Any thread may use it, at the same time.
//!
//! There are two ways to use one, and a pool serves one of them:
//!
//! With `std.Io`, `fetch` is one request of one task, and never blocks the loop that the task runs in:
//!
//!     var one = io.async(ClientPool.fetch, .{ &pool, io, .{ .url = "https://api.example/a" } });
//!     const response = try one.await(io);
//!     defer response.deinit();
//!
//! With tags, `submit` returns at once, and `next` hands out what has ended, by `wait` or by the loop's own descriptor:
//!
//!     try pool.submit(.{ .url = "https://api.example/b" }, 7);
//!     var buffer: [64]ClientPool.Completion = undefined;
//!     for (try pool.next(&buffer, ClientPool.infinite)) |completion| {
//!         const response = completion.take(null) catch |err| ...; // completion.tag is 7
//!         defer response.deinit();
//!     }
const ClientPool = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const requests = @import("request.zig");
const ClientOptions = @import("options.zig").ClientOptions;
const Desk = @import("Desk.zig");
const Diagnostics = @import("Diagnostics.zig");
const HttpClient = @import("HttpClient.zig");
const Response = @import("Response.zig");
const ResponseStream = @import("ResponseStream.zig");
const c = raw.c;
const Error = errors.Error;

pub const Request = requests.Parts;
pub const infinite = raw.infinite;

allocator: std.mem.Allocator,
/// Null after `deinit`.
handle: ?*c.hs_pool,
secrets: HttpClient.Secrets,
/// Whom completions are for.
use: std.atomic.Value(Use) = .init(.undecided),
desk: Desk = .{},

const Use = enum(u8) { undecided, tags, tasks };

/// 0 is the default at each field. Durations are milliseconds.
pub const Options = struct {
    /// What the clients of its threads are like; policies and cookies are one for all of them.
    client: ClientOptions = .{},
    /// How many threads there are at most. Default: as many as the machine runs at once; at most 256.
    max_threads: u32 = 0,
    /// How many are kept when there is nothing to do. Default 1.
    min_threads: u32 = 0,
    /// How many requests are under way at most; the others wait in the queue. Default 1,024.
    max_in_flight: u32 = 0,
    /// The same for requests to one origin. Default 256.
    max_in_flight_per_origin: u32 = 0,
    /// How many requests may wait. Default 10,000.
    max_queued: u32 = 0,
    /// How many idle connections are kept. Default: `max_in_flight_per_origin`, or 100 where that is less.
    max_idle_connections: u32 = 0,
    /// How long `submit` and `fetch` wait for room where the pool is full, which blocks the calling thread. 0: not at all,
    /// which is what an event loop wants.
    submit_timeout_ms: u64 = 0,
    /// After how long without a request a thread ends. Default 30,000; `infinite`: never.
    idle_thread_ms: u64 = 0,
    /// Is told why `init` failed.
    diagnostics: ?*Diagnostics = null,
    /// What has no field here; `worker` is made of `client`.
    base: ?*const c.hs_pool_options = null,
};

/// What it does now and has done so far. The fields are those of `hs_pool_counters` in the C header.
pub const Stats = c.hs_pool_counters;

/// Errors: those of `HttpClient.initWithOptions`, and `ThreadUnavailable`. Where the pool is must not change afterwards,
/// once it is used.
pub fn init(allocator: std.mem.Allocator, options: Options) Error!ClientPool {
    var worker: ClientOptions.Native = undefined;
    worker.fill(options.client) catch |err|
        return Diagnostics.put(options.diagnostics, err, "policies.rate_limits has more than 16 buckets");
    var native = if (options.base) |base| base.* else raw.sized(c.hs_pool_options);
    native.worker = &worker.options;
    inline for (.{
        "max_threads", "min_threads",          "max_in_flight",     "max_in_flight_per_origin",
        "max_queued",  "max_idle_connections", "submit_timeout_ms", "idle_thread_ms",
    }) |name| {
        if (@field(options, name) != 0) @field(native, name) = @field(options, name);
    }
    const secrets = HttpClient.Secrets.copy(allocator, options.client.sensitive_headers) catch |err|
        return Diagnostics.put(options.diagnostics, err, "no memory for sensitive_headers");
    errdefer secrets.deinit(allocator);
    var pool = try initNative(allocator, &native, options.diagnostics);
    pool.secrets = secrets;
    return pool;
}

/// The same from the C struct alone.
pub fn initNative(allocator: std.mem.Allocator, options: *const c.hs_pool_options, diagnostics: ?*Diagnostics) Error!ClientPool {
    var handle: ?*c.hs_pool = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_pool_new(options, &handle, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .allocator = allocator, .handle = handle, .secrets = .{} };
}

/// Cancels what is open, ends its threads, closes its connections, and frees the completions that nobody took. Any
/// thread, when nobody uses it any more: no `fetch` may be under way. Responses live on. A second time is a mistake that
/// panics in safe builds.
pub fn deinit(pool: *ClientPool) void {
    if (std.debug.runtime_safety and pool.handle == null) @panic("ClientPool.deinit: it was closed before");
    _ = c.hs_pool_free(pool.handle);
    pool.desk.close();
    pool.secrets.deinit(pool.allocator);
    pool.handle = null;
}

/// Sends a request and returns its response; only the calling task waits. Any number of tasks at once, all of one `Io`.
///
/// Where the task is canceled, the request is cancelled and its end is waited for, which takes moments, and then it is
/// `error.Canceled`; `diagnostics` say whether the request was sent.
///
/// Errors: those of `HttpClient.send`; `PoolFull`, `PoolClosed`, `ThreadUnavailable`; `Busy` where the pool is used with
/// tags; `InvalidArgument` for an upload from a reader, which would be read on a thread of the pool.
pub fn fetch(pool: *ClientPool, io: std.Io, request: Request) Error!Response {
    const diagnostics = request.options.diagnostics;
    try pool.isFor(.tasks, diagnostics);
    pool.desk.open(pool.handle, io) catch |err|
        return Diagnostics.put(diagnostics, err, "no thread or no pipe for those who wait");
    var waiter: Desk.Waiter = .{ .io = io };
    try pool.hand(request, 0, @intFromPtr(&waiter));
    const canceled = pool.desk.wait(pool.handle, &waiter);
    const ended = waiter.completion;
    if (canceled and ended.status == c.HS_OK) {
        _ = c.hs_response_free(ended.response);
        const err = Diagnostics.put(diagnostics, error.Canceled, "canceled when the response had come already");
        if (diagnostics) |to| to.request_sent = .yes;
        return err;
    }
    const handle = requests.outcome(request, ended.status, ended.response, ended.@"error") catch |err|
        return if (canceled) error.Canceled else err;
    return .fromHandle(pool.allocator, handle);
}

/// Hands a request over and returns at once. What is accepted gives exactly one completion with this tag, which may be
/// any number; what is refused gives none. Nothing of the request is needed afterwards.
///
/// Errors: `PoolFull` (after `submit_timeout_ms`), `PoolClosed`, `ThreadUnavailable`; `Busy` where the pool is used with
/// `fetch`; `InvalidArgument` for an upload; those of `HttpClient.send` for what is wrong with the request itself.
pub fn submit(pool: *ClientPool, request: Request, tag: u64) Error!void {
    try pool.isFor(.tags, request.options.diagnostics);
    if (request.options.upload != null)
        return Diagnostics.put(request.options.diagnostics, error.InvalidArgument, "an upload cannot be submitted");
    try pool.hand(request, 0, tag);
}

/// The same; it ends with the response head, and the body is read with `Completion.takeStream`.
pub fn submitStream(pool: *ClientPool, request: Request, tag: u64) Error!void {
    try pool.isFor(.tags, request.options.diagnostics);
    if (request.options.upload != null)
        return Diagnostics.put(request.options.diagnostics, error.InvalidArgument, "an upload cannot be submitted");
    try pool.hand(request, c.HS_STREAM, tag);
}

/// The same from the C struct alone: what it points to is as `hs_pool_submit` says.
pub fn submitNative(pool: *ClientPool, options: *const c.hs_request_options, tag: u64, diagnostics: ?*Diagnostics) Error!void {
    try pool.isFor(.tags, diagnostics);
    var failure: ?*c.hs_error = null;
    const status = c.hs_pool_submit(pool.handle, options, tag, if (diagnostics == null) null else &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
}

/// What has become of a request. Each is to be taken once, with `take`, `takeStream` or `discard`.
pub const Completion = struct {
    /// What it was submitted with.
    tag: u64,
    kind: Kind,
    allocator: std.mem.Allocator,
    native: c.hs_completion,

    /// What it tells of.
    pub const Kind = enum(u32) {
        /// The request has ended, or its response head has come.
        done = c.HS_COMPLETION_DONE,
        /// Not the end of a request: a stream has something to read, for which `tryRead` found nothing before.
        readable = c.HS_COMPLETION_READABLE,
        /// Nor this: the pipe of its body has room, for which `Pipe.tryWrite` found too little before, or is not read any more.
        writable = c.HS_COMPLETION_WRITABLE,
        _,
    };

    /// Its response, which is the caller's, or its error.
    pub fn take(completion: Completion, diagnostics: ?*Diagnostics) Error!Response {
        return .fromHandle(completion.allocator, try completion.handle(diagnostics));
    }

    /// The same of what was submitted with `submitStream`.
    pub fn takeStream(completion: Completion, diagnostics: ?*Diagnostics) Error!ResponseStream {
        return .fromHandle(completion.allocator, try completion.handle(diagnostics), null);
    }

    /// Frees what it has.
    pub fn discard(completion: Completion) void {
        _ = c.hs_response_free(completion.native.response);
        _ = c.hs_error_free(completion.native.@"error");
    }

    fn handle(completion: Completion, diagnostics: ?*Diagnostics) Error!*c.hs_response {
        const native = completion.native;
        if (native.status != c.HS_OK) return Diagnostics.take(diagnostics, native.status, native.@"error");
        if (diagnostics) |to| to.reset();
        return native.response orelse error.NotFound;
    }
};

/// Takes what has ended, in that order, at most 64 at once. Waits for it for at most `timeout_ms`: 0 does not wait,
/// `infinite` waits without limit. Empty: the time is over, or `wake` was called. Several threads may take.
pub fn next(pool: *ClientPool, buffer: []Completion, timeout_ms: u64) Error![]Completion {
    try pool.isFor(.tags, null);
    var native: [64]c.hs_completion = undefined;
    var count: usize = 0;
    try errors.check(c.hs_pool_next(pool.handle, &native, @min(native.len, buffer.len), &count, timeout_ms));
    for (native[0..count], buffer[0..count]) |one, *to| {
        to.* = .{ .tag = one.tag, .kind = @enumFromInt(one.kind), .allocator = pool.allocator, .native = one };
    }
    return buffer[0..count];
}

/// Cancels the requests with that tag; each has its completion, `error.Canceled` or what it has come to before. False
/// where none is open.
pub fn cancel(pool: *ClientPool, tag: u64) Error!bool {
    const status = c.hs_pool_cancel(pool.handle, tag);
    if (status == c.HS_ERR_NOT_FOUND) return false;
    try errors.check(status);
    return true;
}

/// Ends the wait of all who are in `next`.
pub fn wake(pool: *ClientPool) void {
    _ = c.hs_pool_wake(pool.handle);
}

/// Closes the connections that nothing uses; it may return before they are closed, but no later request has one of them.
pub fn closeIdle(pool: *ClientPool) void {
    _ = c.hs_pool_close_idle(pool.handle);
}

/// A descriptor that is readable exactly while `next` has something to take, for `poll` and event loops; null where there
/// is none. It is the pool's: do not read from it and do not close it.
pub fn descriptor(pool: *ClientPool) ?std.posix.fd_t {
    const fd = c.hs_pool_fd(pool.handle);
    return if (fd < 0) null else fd;
}

/// Accepts nothing any more, for good, and waits until all that was accepted has ended: `timeout_ms` at most, then the
/// rest is cancelled. It blocks the calling thread. Errors: `Timeout` where something was cancelled.
pub fn drain(pool: *ClientPool, timeout_ms: u64) Error!void {
    try errors.check(c.hs_pool_drain(pool.handle, timeout_ms));
}

/// What it does now and has done so far. Any thread; the numbers are not all of the same moment.
pub fn stats(pool: *ClientPool) Error!Stats {
    var facts = raw.sized(Stats);
    try errors.check(c.hs_pool_stats(pool.handle, &facts));
    return facts;
}

/// What its clients have done so far, all together.
pub fn counters(pool: *ClientPool) Error!HttpClient.Counters {
    var facts = raw.sized(HttpClient.Counters);
    try errors.check(c.hs_pool_worker_counters(pool.handle, &facts));
    return facts;
}

fn hand(pool: *ClientPool, request: Request, flags: u32, tag: u64) Error!void {
    const diagnostics = request.options.diagnostics;
    var native: requests.Native = undefined;
    try native.fill(pool.allocator, request, pool.secrets.names);
    defer native.deinit(pool.allocator);
    if (request.options.upload) |upload| {
        // Its C struct must be there until the end, and who is in `fetch` waits for that.
        if (upload.from == .reader) return Diagnostics.put(diagnostics, error.InvalidArgument, "a pool reads from no reader");
    }
    native.options.flags |= flags;
    var failure: ?*c.hs_error = null;
    const to = if (requests.wantsDetails(request)) &failure else null;
    const status = c.hs_pool_submit(pool.handle, &native.options, tag, to);
    if (status == c.HS_OK) return;
    _ = try requests.outcome(request, status, null, failure);
}

fn isFor(pool: *ClientPool, use: Use, diagnostics: ?*Diagnostics) Error!void {
    const now = pool.use.load(.monotonic);
    if (now == use) return;
    if (now == .undecided) {
        const before = pool.use.cmpxchgStrong(.undecided, use, .monotonic, .monotonic) orelse return;
        if (before == use) return;
    }
    return Diagnostics.put(diagnostics, error.Busy, "a pool is used either with fetch or with tags");
}
