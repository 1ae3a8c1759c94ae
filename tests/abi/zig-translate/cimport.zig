pub const c = @cImport(@cInclude("http_sentinel.h"));
