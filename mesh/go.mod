module shop/mesh

go 1.26.0
