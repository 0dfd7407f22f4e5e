// Command product runs the product service; see product --help.
package main

import (
	"os"

	"shop/kit/service"

	"shop/product"
)

func main() { os.Exit(service.Main(product.Spec())) }
