module hs-bench-pool

go 1.22
