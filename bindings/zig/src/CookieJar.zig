//! Cookies that several clients share, on whatever threads: `ClientOptions.cookie_jar`. It may be freed while clients have
//! it. Any thread. A plain value: copy it freely, `deinit` it once.
const CookieJar = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const Diagnostics = @import("Diagnostics.zig");
const Text = @import("Text.zig");
const c = raw.c;

handle: *c.hs_cookie_jar,

/// Errors: `TooManyHandles`.
pub fn init() errors.Error!CookieJar {
    var handle: ?*c.hs_cookie_jar = null;
    try errors.check(c.hs_cookie_jar_new(&handle));
    return .{ .handle = handle.? };
}

/// Once; any thread. Clients that have it keep its cookies.
pub fn deinit(jar: CookieJar) void {
    const status = c.hs_cookie_jar_free(jar.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("CookieJar.deinit: it was freed before");
}

/// How many cookies it holds that have not expired.
pub fn count(jar: CookieJar) usize {
    return c.hs_cookie_jar_count(jar.handle);
}

/// Puts a cookie in: `line` is the value of a `Set-Cookie` header, as the server at `url` would send it. Errors:
/// `InvalidCookie`, `InvalidUrl`, `UnsupportedScheme`.
pub fn set(jar: CookieJar, url: []const u8, line: []const u8, diagnostics: ?*Diagnostics) errors.Error!void {
    var failure: ?*c.hs_error = null;
    const status = c.hs_cookie_jar_set(jar.handle, raw.str(url), raw.str(line), &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
}

/// The value of the `Cookie` header that a request for `url` would have; empty where it would have none. The text is the
/// caller's. Errors: `InvalidUrl`, `UnsupportedScheme`.
pub fn get(jar: CookieJar, url: []const u8, diagnostics: ?*Diagnostics) errors.Error!Text {
    var text: ?*c.hs_text = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_cookie_jar_get(jar.handle, raw.str(url), &text, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .handle = text.? };
}

/// All cookies in the format of cookies.txt. The text is the caller's.
pub fn exportText(jar: CookieJar, diagnostics: ?*Diagnostics) errors.Error!Text {
    var text: ?*c.hs_text = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_cookie_jar_export(jar.handle, &text, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .handle = text.? };
}

/// Puts in what `exportText` gave. Errors: `InvalidCookie`, and then nothing is put in.
pub fn importText(jar: CookieJar, text: []const u8, diagnostics: ?*Diagnostics) errors.Error!void {
    var failure: ?*c.hs_error = null;
    const status = c.hs_cookie_jar_import(jar.handle, raw.str(text), &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
}

/// Takes all cookies out.
pub fn clear(jar: CookieJar) errors.Error!void {
    try errors.check(c.hs_cookie_jar_clear(jar.handle));
}
