module http-sentinel/examples/trading/go

go 1.23

require http-sentinel/bindings/go v0.0.0

replace http-sentinel/bindings/go => ../../../bindings/go
