package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"shop/shop/drill"
)

// tidyTime is how long a drill that was interrupted may take to leave nothing
// behind.
const tidyTime = 5 * time.Second

func drillCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drill NAME...|all",
		Short: "Make incidents in a shop --mesh --engines --observe, wait for their alerts, and heal them",
		Long: "Makes one incident after another in the running shop, waits for the alert that must fire, says which panel and which trace\n" +
			"show it, heals, and waits until the alert is gone. No other family of alerts may fire. Ctrl-C heals.\n" +
			"A shop started with --observe-scale 10 does it all in minutes.",
	}
	data := cmd.Flags().String("data", "data", "data directory of the shop")
	list := cmd.Flags().Bool("list", false, "say which incidents there are")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 && !*list {
			return usageError{errors.New("shop drill: name a drill, or all; --list lists them")}
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *list {
			listDrills(cmd.OutOrStdout())
			return nil
		}
		drills, err := chosenDrills(args)
		if err != nil {
			return usageError{err}
		}
		return hold(cmd.Context(), cmd.OutOrStdout(), *data, drills)
	}
	return cmd
}

func listDrills(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, d := range drill.All() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", d.Name, d.Alert.Name, d.Story)
	}
	_ = t.Flush()
}

func chosenDrills(names []string) ([]drill.Drill, error) {
	if len(names) == 1 && names[0] == "all" {
		return drill.All(), nil
	}
	var chosen []drill.Drill
	for _, name := range names {
		d, ok := drill.Find(name)
		if !ok {
			return nil, fmt.Errorf("shop drill: there is no drill %q; --list lists them", name)
		}
		chosen = append(chosen, d)
	}
	return chosen, nil
}

// hold holds drills, all of them also when one fails.
func hold(ctx context.Context, out io.Writer, data string, drills []drill.Drill) (err error) {
	r, err := drill.Open(ctx, data, out)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
		defer cancel()
		err = errors.Join(err, r.Close(ctx))
	}()
	var failed []error
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "\ndrill\talert\tfired after\tcleared after\ttrace")
	for _, d := range drills {
		res, err := r.Run(ctx, d)
		if ctx.Err() != nil {
			return errors.Join(append(failed, err)...)
		}
		end := res.Cleared.Round(time.Second).String()
		if err != nil {
			failed = append(failed, err)
			end = "FAILED"
			fmt.Fprintf(out, "   FAILED   %v\n", err)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", res.Name, res.Alert, res.Fired.Round(time.Second), end, res.Trace)
	}
	return errors.Join(errors.Join(failed...), t.Flush())
}
