module http-sentinel/bindings/go

go 1.22
