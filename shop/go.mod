module shop/shop

go 1.26.0

require (
	shop/kit v0.0.0
	shop/notification v0.0.0
	shop/order v0.0.0
	shop/product v0.0.0
	shop/user v0.0.0
)

replace (
	shop/kit => ../kit
	shop/notification => ../notification
	shop/order => ../order
	shop/product => ../product
	shop/user => ../user
)
