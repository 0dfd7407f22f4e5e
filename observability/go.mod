module shop/observability

go 1.26.0
