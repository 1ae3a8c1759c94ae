//! An amount, a price or a number of shares: exact, with nine places. The broker writes them as texts.
//!
//!     const price: Decimal = .of("150.25"); // known when it is compiled
//!     const given: Decimal = try .parse(text);
const Decimal = @This();
const std = @import("std");

/// In billionths.
nano: i64 = 0,

const unit = 1_000_000_000;

pub const zero: Decimal = .{};

/// A whole number.
pub fn whole(number: i32) Decimal {
    return .{ .nano = @as(i64, number) * unit };
}

/// What is no decimal does not compile.
pub fn of(comptime text: []const u8) Decimal {
    return comptime parse(text) catch @compileError("no decimal: " ++ text);
}

/// "12.5", "0", "-0.000000001"; anything else is an error.
pub fn parse(text: []const u8) error{InvalidDecimal}!Decimal {
    const negative = text.len > 0 and text[0] == '-';
    const digits = text[@intFromBool(negative)..];
    const point = std.mem.indexOfScalar(u8, digits, '.') orelse digits.len;
    if (point == 0 or digits.len > 40) return error.InvalidDecimal;
    var number: i128 = 0;
    for (digits[0..point]) |digit| number = number * 10 + try value(digit);
    const places = if (point == digits.len) "" else digits[point + 1 ..];
    if (point < digits.len and (places.len == 0 or places.len > 9)) return error.InvalidDecimal;
    for (0..9) |place| number = number * 10 + if (place < places.len) try value(places[place]) else 0;
    if (negative) number = -number;
    return .{ .nano = std.math.cast(i64, number) orelse return error.InvalidDecimal };
}

fn value(digit: u8) error{InvalidDecimal}!u8 {
    return if (std.ascii.isDigit(digit)) digit - '0' else error.InvalidDecimal;
}

pub fn eql(a: Decimal, b: Decimal) bool {
    return a.nano == b.nano;
}

/// For `{f}`: without zeros at the end.
pub fn format(decimal: Decimal, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    const amount = @abs(decimal.nano);
    if (decimal.nano < 0) try writer.writeByte('-');
    try writer.print("{d}", .{amount / unit});
    if (amount % unit == 0) return;
    var buffer: [10]u8 = undefined;
    const places = std.fmt.bufPrint(&buffer, ".{d:0>9}", .{amount % unit}) catch unreachable;
    try writer.writeAll(std.mem.trimEnd(u8, places, "0"));
}

pub fn jsonParse(allocator: std.mem.Allocator, source: anytype, options: std.json.ParseOptions) !Decimal {
    if (try source.peekNextTokenType() != .string) return error.UnexpectedToken;
    const text = try std.json.innerParse([]const u8, allocator, source, options);
    return parse(text) catch error.InvalidNumber;
}

pub fn jsonStringify(decimal: Decimal, json: anytype) !void {
    try json.print("\"{f}\"", .{decimal});
}

test "what is a decimal, and how it is written" {
    for ([_][]const u8{ "0", "1", "-1.5", "0.000000001", "98095.25", "9223372036.854775807", "-9223372036.854775808" }) |text| {
        var buffer: [32]u8 = undefined;
        try std.testing.expectEqualStrings(text, try std.fmt.bufPrint(&buffer, "{f}", .{try parse(text)}));
    }
    const long: [60]u8 = @splat('0');
    for ([_][]const u8{ "", ".", "1.", ".5", "-", "1e3", "+1", "0.0000000001", "9223372036.854775808", "1 ", "--1", "1.-1", &long }) |text|
        try std.testing.expectError(error.InvalidDecimal, parse(text));
    try std.testing.expectEqual(of("1.50"), of("1.5"));
    try std.testing.expectEqual(of("-3"), whole(-3));
}
