//! From a request's parts to the C struct.
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const fields = @import("fields.zig");
const policies = @import("policies.zig");
const tracking = @import("tracking.zig");
const upload = @import("upload.zig");
const Diagnostics = @import("Diagnostics.zig");
const RequestOptions = @import("options.zig").RequestOptions;
const c = raw.c;

/// A request in one value. It borrows what it points to.
pub const Parts = struct {
    /// Null: GET, or POST where there is a body. `options.method` comes before it.
    method: ?std.http.Method = null,
    url: []const u8,
    headers: []const std.http.Header = &.{},
    body: []const u8 = "",
    options: RequestOptions = .{},
};

/// So many header fields need no allocation.
const on_the_stack = 32;

/// The C struct, and what it points to; it must stay where it is until the call is over.
pub const Native = struct {
    options: c.hs_request_options,
    auth: c.hs_auth,
    policies: policies.Native,
    upload: upload.State,
    few: [on_the_stack]c.hs_header,
    many: []c.hs_header,

    /// Borrows what the parts point to. `secrets` are names of fields besides those of the options.
    pub fn fill(native: *Native, allocator: std.mem.Allocator, parts: Parts, secrets: []const []const u8) errors.Error!void {
        const from = parts.options;
        native.many = &.{};
        native.options = if (from.base) |base| base.* else raw.sized(c.hs_request_options);
        const options = &native.options;
        if (parts.method) |method| options.method = raw.str(@tagName(method));
        if (from.method.len > 0) options.method = raw.str(from.method);
        options.url = raw.str(parts.url);
        if (parts.body.len > 0) options.body = raw.str(parts.body);
        inline for (.{
            "timeout_ms",   "attempt_timeout_ms", "connect_timeout_ms", "idle_timeout_ms",
            "max_attempts", "max_body_bytes",     "max_redirects",
        }) |name| {
            if (@field(from, name) != 0) @field(options, name) = @field(from, name);
        }
        if (from.http_version != .default) options.http_version = @intFromEnum(from.http_version);
        if (from.redirects != .default) options.redirects = @intFromEnum(from.redirects);
        if (from.allow_downgrade) options.flags |= c.HS_ALLOW_DOWNGRADE;
        if (from.raw_body) options.flags |= c.HS_RAW_BODY;
        if (from.trace) options.flags |= c.HS_TRACE;
        if (from.cancel) |cancel| options.cancel = cancel.handle;
        if (from.auth) |auth| {
            native.auth = auth.native("");
            options.auth = &native.auth;
        }
        if (from.policies != null or from.idempotent or from.not_idempotent or from.idempotency_key) {
            native.policies.fill(from.policies orelse .{}) catch |err|
                return Diagnostics.put(from.diagnostics, err, "policies.rate_limits has more than 16 buckets");
            if (from.idempotent) native.policies.policies.flags |= c.HS_IDEMPOTENT;
            if (from.not_idempotent) native.policies.policies.flags |= c.HS_NOT_IDEMPOTENT;
            if (from.idempotency_key) native.policies.policies.flags |= c.HS_IDEMPOTENCY_KEY;
            options.policies = &native.policies.policies;
        }
        if (from.form) |form| options.form = form.handle;
        if (from.upload) |given| {
            native.upload.fill(given);
            options.upload = &native.upload.native;
        }
        if (parts.headers.len > 0) {
            const to = if (parts.headers.len <= on_the_stack) native.few[0..parts.headers.len] else blk: {
                native.many = allocator.alloc(c.hs_header, parts.headers.len) catch |err|
                    return Diagnostics.put(from.diagnostics, err, "no memory for the header fields");
                break :blk native.many;
            };
            fields.copy(to, parts.headers, secrets, from.sensitive_headers);
            options.headers = to.ptr;
            options.header_count = to.len;
        }
    }

    /// Frees what `fill` allocated.
    pub fn deinit(native: *Native, allocator: std.mem.Allocator) void {
        if (native.many.len > 0) allocator.free(native.many);
    }
};

/// Whether the same request may be sent twice: its method is idempotent, or it says so itself.
pub fn isRepeatable(parts: Parts) bool {
    const options = parts.options;
    if (options.idempotent or options.idempotency_key) return true;
    if (options.not_idempotent) return false;
    const has_body = parts.body.len > 0 or options.upload != null or options.form != null;
    const method = parts.method orelse if (has_body) std.http.Method.POST else .GET;
    if (options.method.len == 0 and method.idempotent()) return true;
    for (parts.headers) |field| {
        if (std.ascii.eqlIgnoreCase(field.name, "Idempotency-Key")) return true;
    }
    return false;
}

/// What became of a call: its response, or its error with the details where they are wanted. A retry engine that runs on
/// this thread is told.
pub fn outcome(
    parts: Parts,
    status: c.hs_status,
    response: ?*c.hs_response,
    failure: ?*c.hs_error,
) errors.Error!*c.hs_response {
    if (tracking.current) |tracker| tracker.note(isRepeatable(parts), status, response, failure);
    const diagnostics = parts.options.diagnostics;
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    if (diagnostics) |to| to.reset();
    return response.?;
}

/// Whether anybody wants to know more of a failure than its status.
pub fn wantsDetails(parts: Parts) bool {
    return parts.options.diagnostics != null or tracking.current != null;
}
