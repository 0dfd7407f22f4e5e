package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"shop/kit/service"
	"shop/shop/operator"
	"shop/shop/rest"
)

// address is where a shop is, for every command.
type address struct {
	host     string
	basePort int
	override [4]string // URLs of user, product, order, notification; "" = at host and basePort.
	adminAt  int       // First admin port; 0 = basePort + operator.PortDistance.
	adminURL [4]string // URLs of the admin ports, in the same order; "" = at host and adminAt.
}

func newRoot() *cobra.Command {
	at := &address{}
	root := &cobra.Command{
		Use:   "shop",
		Short: "Run the whole shop on one machine, or work with one that runs",
		Long: "Without a command: the four services in one process, on SQLite files or on engines, until Ctrl-C; with --mesh each in a\n" +
			"process of its own behind its Envoy, and one more Envoy as the edge in front of them.\n" +
			"With one: what a client or an operator does with a running shop.",
		Version:       service.BuildVersion() + " " + service.BuildRevision(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("shop: no command %q; shop --help lists them", args[0])}
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%s: %w; %s --help lists what there is", cmd.CommandPath(), err, cmd.CommandPath())}
	})
	root.PersistentFlags().StringVar(&at.host, "host", "127.0.0.1", "address of the services")
	root.PersistentFlags().IntVar(&at.basePort, "base-port", 8001, "port of user; product, order and notification follow, admin ports are 1000 above")
	serveFlags(root, at)
	root.AddCommand(demoCommand(at), seedCommand(at), loadCommand(at), dlqCommand(at), relayCommand(at), orderCommand(at), drillCommand(), podCommand(), secretsCommand(), envCommand())
	return root
}

// publicFlags lets a command reach services that are not side by side.
func (a *address) publicFlags(cmd *cobra.Command) {
	for n, name := range []string{"user", "product", "order", "notification"} {
		cmd.Flags().StringVar(&a.override[n], name, "", "URL of the "+name+" service, instead of host and base-port")
	}
}

func (a *address) adminFlags(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.IntVar(&a.adminAt, "admin-port", 0, "first admin port (default base-port + "+strconv.Itoa(operator.PortDistance)+")")
	for n, name := range []string{"user", "product", "order", "notification"} {
		variable := "SHOP_" + strings.ToUpper(name) + "_ADMIN"
		if n > 0 { // User keeps nothing for the operator.
			flags.StringVar(&a.adminURL[n], name+"-admin", os.Getenv(variable), "URL of the admin port of "+name+" (environment: "+variable+")")
		}
	}
}

func (a *address) public() rest.Shop {
	shop := rest.At(a.host, a.basePort)
	for n, c := range []*rest.Client{&shop.User, &shop.Product, &shop.Order, &shop.Notification} {
		if a.override[n] != "" {
			c.Base = a.override[n]
		}
	}
	return shop
}

func (a *address) admin() operator.Admin {
	first := a.adminAt
	if first == 0 {
		first = a.basePort + operator.PortDistance
	}
	admin := operator.At(a.host, first)
	for n, c := range []*rest.Client{nil, &admin.Product, &admin.Order, &admin.Notification} {
		if a.adminURL[n] != "" {
			c.Base = strings.TrimSuffix(a.adminURL[n], "/")
		}
	}
	return admin
}

// terminal reports whether f shows to a person.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
