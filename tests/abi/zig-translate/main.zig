//! Uses every name of the header, so that none of them is one that the translation had to give up on: such a name is a
//! compile error only once it is used. Prints how many there were.
const std = @import("std");
const root = @import("c");
const c = if (@hasDecl(root, "c")) root.c else root;

const Names = struct { functions: usize = 0, constants: usize = 0, others: usize = 0 };

// Zig 0.17 lists the names themselves, 0.16 structs that hold them.
const decl_names = blk: {
    const info = @typeInfo(c).@"struct";
    if (@hasField(@TypeOf(info), "decl_names")) break :blk info.decl_names;
    var list: [info.decls.len][:0]const u8 = undefined;
    @setEvalBranchQuota(100_000);
    for (info.decls, &list) |decl, *name| name.* = decl.name;
    const all = list;
    break :blk &all;
};

const names: Names = blk: {
    @setEvalBranchQuota(1_000_000);
    var n: Names = .{};
    for (decl_names) |name| {
        const mine = std.mem.startsWith(u8, name, "hs_") or std.mem.startsWith(u8, name, "HS_");
        if (!mine) continue;
        switch (@typeInfo(@TypeOf(@field(c, name)))) {
            .@"fn" => n.functions += 1,
            .int, .comptime_int => n.constants += 1,
            else => n.others += 1,
        }
    }
    break :blk n;
};

// Every function's address, so that each one is linked as well as translated.
fn addresses() usize {
    @setEvalBranchQuota(1_000_000);
    var sum: usize = 0;
    inline for (decl_names) |name| {
        if (comptime std.mem.startsWith(u8, name, "hs_")) {
            if (@typeInfo(@TypeOf(@field(c, name))) == .@"fn") sum +%= @intFromPtr(&@field(c, name));
        }
    }
    return sum;
}

pub fn main() !void {
    std.mem.doNotOptimizeAway(addresses());
    if (c.hs_abi_version() >> 16 != c.HS_ABI_MAJOR) return error.AbiVersionDiffers;
    if (names.functions == 0) return error.NothingTranslated;
    std.debug.print("{d} functions, {d} constants, {d} types\n", .{ names.functions, names.constants, names.others });
}
