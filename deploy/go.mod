module shop/deploy

go 1.26.0
