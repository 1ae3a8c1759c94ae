//! The library's C types, and how lines become options.
const std = @import("std");
pub const hs = @cImport(@cInclude("http_sentinel.h"));

/// A key and a value that is still encoded.
pub const Line = struct { key: []const u8, value: []const u8 };

pub fn fail(what: []const u8, which: []const u8) noreturn {
    std.debug.print("driver: {s} {s}\n", .{ what, which });
    std.process.exit(2);
}

/// What stands before the first blank and behind it.
pub fn split(line: []const u8) struct { []const u8, []const u8 } {
    const blank = std.mem.indexOfScalar(u8, line, ' ') orelse return .{ line, "" };
    return .{ line[0..blank], line[blank + 1 ..] };
}

pub fn number(text: []const u8) u64 {
    return std.fmt.parseInt(u64, text, 10) catch fail("no number:", text);
}

/// A copy without percent signs, with a NUL behind it.
pub fn decoded(allocator: std.mem.Allocator, text: []const u8) ![:0]const u8 {
    const copy = try allocator.dupe(u8, text);
    return allocator.dupeZ(u8, std.Uri.percentDecodeInPlace(copy));
}

pub fn str(text: [:0]const u8) hs.hs_str {
    return .{ .data = text.ptr, .len = text.len };
}

pub fn slice(text: hs.hs_str) []const u8 {
    return if (text.data == null) "" else text.data[0..text.len];
}

/// A struct of the library's: all zero but its size.
pub fn sized(comptime T: type) T {
    var value = std.mem.zeroes(T);
    value.struct_size = @sizeOf(T);
    return value;
}

/// How long lists can get.
const most_items = 64;

/// Sets the field that the line names, `struct.field` where it is in a struct below; false where there is none. With
/// `nts` a text's length is HS_NTS.
pub fn setField(allocator: std.mem.Allocator, options: anytype, line: Line, nts: bool) std.mem.Allocator.Error!bool {
    const T = @TypeOf(options.*);
    const dot = std.mem.indexOfScalar(u8, line.key, '.') orelse line.key.len;
    const rest: Line = .{ .key = line.key[@min(dot + 1, line.key.len)..], .value = line.value };
    inline for (@typeInfo(T).@"struct".fields) |field| {
        const at = &@field(options, field.name);
        if (std.mem.eql(u8, field.name, line.key[0..dot])) switch (field.type) {
            u32, u64 => {
                at.* = @truncate(number(line.value));
                return true;
            },
            hs.hs_str => {
                at.* = str(try decoded(allocator, line.value));
                if (nts) at.len = hs.HS_NTS;
                return true;
            },
            else => {
                const Item = Pointee(field.type) orelse return false;
                inline for (.{ field.name ++ "_count", field.name[0 .. field.name.len - 1] ++ "_count" }) |counter| {
                    if (@hasField(T, counter)) return setItem(allocator, Item, at, &@field(options, counter), rest);
                }
                if (!@hasField(Item, "struct_size")) return false;
                const below = try made(allocator, Item, at);
                return rest.key.len == 0 or try setField(allocator, below, rest, nts);
            },
        };
    }
    return false;
}

/// Adds an item to a list, or sets a field of its last one.
fn setItem(allocator: std.mem.Allocator, Item: type, list: anytype, count: *usize, line: Line) !bool {
    if (list.* == null) list.* = (try allocator.alloc(Item, most_items)).ptr;
    const items: [*]Item = @ptrCast(@constCast(list.*));
    if (line.key.len == 0 or std.mem.eql(u8, line.key, "add")) {
        if (count.* == most_items) fail("too many", line.key);
        items[count.*] = std.mem.zeroes(Item);
        count.* += 1;
    }
    if (Item == hs.hs_str) {
        items[count.* - 1] = str(try decoded(allocator, line.value));
        return true;
    }
    if (std.mem.eql(u8, line.key, "add")) return true;
    return setField(allocator, &items[count.* - 1], line, false);
}

/// The struct that a pointer points to; made where it is null.
pub fn made(allocator: std.mem.Allocator, T: type, pointer: anytype) !*T {
    if (pointer.* == null) {
        const below = try allocator.create(T);
        below.* = sized(T);
        pointer.* = below;
    }
    return @ptrCast(@constCast(pointer.*));
}

fn Pointee(comptime T: type) ?type {
    const Pointer = switch (@typeInfo(T)) {
        .optional => |optional| optional.child,
        else => T,
    };
    return switch (@typeInfo(Pointer)) {
        .pointer => |pointer| if (@typeInfo(pointer.child) == .@"struct") pointer.child else null,
        else => null,
    };
}
