//! The header fields, or the trailers, of a response: a view that allocates nothing, valid until the response is freed.
const Headers = @This();
const std = @import("std");
const raw = @import("c.zig");
const c = raw.c;

handle: *const c.hs_response,
part: enum { head, trailers } = .head,

/// How many fields there are, repeated ones counted each.
pub fn count(headers: Headers) usize {
    return switch (headers.part) {
        .head => c.hs_response_header_count(headers.handle),
        .trailers => c.hs_response_trailer_count(headers.handle),
    };
}

/// The field at an index below `count`, in the order received; null beyond.
pub fn at(headers: Headers, index: usize) ?std.http.Header {
    var field = std.mem.zeroes(c.hs_header);
    const status = switch (headers.part) {
        .head => c.hs_response_header_at(headers.handle, index, &field),
        .trailers => c.hs_response_trailer_at(headers.handle, index, &field),
    };
    if (status != c.HS_OK) return null;
    return .{ .name = raw.slice(field.name), .value = raw.slice(field.value) };
}

/// The value of the first field of that name, whatever its case; null where there is none.
pub fn get(headers: Headers, name: []const u8) ?[]const u8 {
    return headers.getNth(name, 0);
}

/// The value of the nth field of that name, from 0: for those that may be repeated, such as `Set-Cookie`.
pub fn getNth(headers: Headers, name: []const u8, nth: usize) ?[]const u8 {
    if (headers.part == .head) return raw.optional(c.hs_response_header(headers.handle, raw.str(name), nth));
    var left = nth;
    var fields = headers.iterator();
    while (fields.next()) |field| {
        if (!std.ascii.eqlIgnoreCase(field.name, name)) continue;
        if (left == 0) return field.value;
        left -= 1;
    }
    return null;
}

/// All fields, in the order received.
pub fn iterator(headers: Headers) Iterator {
    return .{ .headers = headers };
}

/// Gives one field after the other.
pub const Iterator = struct {
    headers: Headers,
    index: usize = 0,

    /// The next field; null at the end. Borrowed from the response.
    pub fn next(it: *Iterator) ?std.http.Header {
        const field = it.headers.at(it.index) orelse return null;
        it.index += 1;
        return field;
    }
};
