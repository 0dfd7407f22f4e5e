// Command order runs the order service.
package main

import (
	"os"

	"shop/kit/service"
	"shop/order"
)

func main() { os.Exit(service.Main(order.Spec())) }
