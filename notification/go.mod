module shop/notification

go 1.26.0

require shop/kit v0.0.0

replace shop/kit => ../kit
