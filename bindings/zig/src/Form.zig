//! A form (multipart/form-data) as the body of any number of requests: `RequestOptions.form`. Any thread. A plain value:
//! copy it freely, `deinit` it once.
const Form = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const Diagnostics = @import("Diagnostics.zig");
const c = raw.c;

handle: *c.hs_form,

/// A field or a file.
pub const Part = struct {
    /// The field's name; required.
    name: []const u8,
    content: union(enum) {
        /// Copied.
        data: []const u8,
        /// The path of a file, which is opened anew for each request.
        file: []const u8,
    },
    /// The file name that the server is told. Null: none, and of a file the last part of its path.
    filename: ?[]const u8 = null,
    /// The media type. Empty: none for a field, "application/octet-stream" where there is a file name.
    content_type: []const u8 = "",
};

/// `boundary` is the line between its parts; empty: a random one. Errors: `InvalidArgument`, `TooManyHandles`.
pub fn init(boundary: []const u8, diagnostics: ?*Diagnostics) errors.Error!Form {
    var handle: ?*c.hs_form = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_form_new(raw.str(boundary), &handle, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .handle = handle.? };
}

/// Once; any thread. Requests that have it go on.
pub fn deinit(form: Form) void {
    const status = c.hs_form_free(form.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("Form.deinit: it was freed before");
}

/// Adds a part to its end; nothing of it is needed afterwards. Errors: `InvalidArgument`, `FileFailed`, `OutOfMemory`.
pub fn add(form: Form, part: Part, diagnostics: ?*Diagnostics) errors.Error!void {
    var native = raw.sized(c.hs_part);
    native.name = raw.str(part.name);
    switch (part.content) {
        .data => |data| native.data = raw.str(data),
        .file => |path| native.file = raw.str(path),
    }
    if (part.filename) |filename| native.filename = raw.str(filename);
    native.content_type = raw.str(part.content_type);
    return form.addNative(&native, diagnostics);
}

/// The same from the C struct, for what `Part` has no field for.
pub fn addNative(form: Form, part: *const c.hs_part, diagnostics: ?*Diagnostics) errors.Error!void {
    var failure: ?*c.hs_error = null;
    const status = c.hs_form_add(form.handle, part, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
}
