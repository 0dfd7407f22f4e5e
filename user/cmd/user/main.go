// Command user runs the user service; see user --help.
package main

import (
	"os"

	"shop/kit/service"

	"shop/user"
)

func main() { os.Exit(service.Main(user.Spec())) }
