module bench

go 1.22

require http-sentinel/bindings/go v0.0.0

replace http-sentinel/bindings/go => ../../../bindings/go
