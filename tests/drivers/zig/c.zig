//! How lines become options: the structs of C, which the package takes as they are.
const std = @import("std");
const Objects = @import("Objects.zig");
pub const sentinel = @import("http_sentinel");
/// The C functions and structs.
pub const hs = sentinel.c;

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

/// Negative ones in two's complement.
pub fn number(text: []const u8) u64 {
    const value = std.fmt.parseInt(i128, text, 10) catch fail("no number:", text);
    return @truncate(@as(u128, @bitCast(value)));
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

/// A struct of the library's: all zero but its size, if it has one.
pub fn sized(comptime T: type) T {
    var value = std.mem.zeroes(T);
    if (@hasField(T, "struct_size")) value.struct_size = @sizeOf(T);
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
            u32, u64, usize => {
                at.* = @truncate(number(line.value));
                return true;
            },
            i32 => {
                at.* = @bitCast(@as(u32, @truncate(number(line.value))));
                return true;
            },
            i64 => {
                at.* = @bitCast(number(line.value));
                return true;
            },
            hs.hs_str => {
                at.* = str(try decoded(allocator, line.value));
                if (nts) at.len = hs.HS_NTS;
                return true;
            },
            else => {
                const Item = Pointee(field.type) orelse return false;
                if (@typeInfo(Item) == .@"fn") {
                    at.* = Objects.callback(field.type, line.value);
                    options.user_data = Objects.user_data;
                    return true;
                }
                if (@typeInfo(Item) == .@"opaque") {
                    if (Item == anyopaque) return false;
                    at.* = @ptrCast(@alignCast(Objects.find(kindOf(Item), try decoded(allocator, line.value)).handle()));
                    return true;
                }
                inline for (0..3) |plural| {
                    const counter = field.name[0 .. @max(field.name.len, plural) - plural] ++ "_count";
                    if (@hasField(T, counter)) return setItem(allocator, Item, at, &@field(options, counter), rest);
                }
                if (@typeInfo(Item) != .@"struct") return false;
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
        items[count.*] = if (@typeInfo(Item) == .@"struct") sized(Item) else 0;
        count.* += 1;
    }
    if (Item == hs.hs_str) {
        items[count.* - 1] = str(try decoded(allocator, line.value));
        return true;
    }
    if (@typeInfo(Item) == .int) {
        items[count.* - 1] = @truncate(number(line.value));
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

/// "mock" of the type hs_mock.
pub fn kindOf(comptime T: type) []const u8 {
    const name = @typeName(T);
    return name[std.mem.lastIndexOf(u8, name, "hs_").? + "hs_".len ..];
}

/// What a pointer of C points to; null for what is no pointer.
pub fn Pointee(comptime T: type) ?type {
    const Pointer = switch (@typeInfo(T)) {
        .optional => |optional| optional.child,
        else => T,
    };
    return switch (@typeInfo(Pointer)) {
        .pointer => |pointer| pointer.child,
        else => null,
    };
}
