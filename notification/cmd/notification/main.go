// Command notification runs the notification service; see notification --help.
package main

import (
	"os"

	"shop/kit/service"
	"shop/notification"
)

func main() { os.Exit(service.Main(notification.Spec())) }
