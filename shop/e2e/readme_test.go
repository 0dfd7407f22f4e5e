package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"shop/kit/testkit"
)

// TestTheWalksOfTheREADMEs runs the curl walks word for word, but for the ports.
func TestTheWalksOfTheREADMEs(t *testing.T) { inEveryForm(t, theWalksOfTheREADMEs) }

func theWalksOfTheREADMEs(t *testing.T, start starter) {
	for _, name := range []string{"README.md", "README.vi.md"} {
		t.Run(name, func(t *testing.T) {
			shop := start(t, t.TempDir(), nil)
			script := walk(t, "../../"+name)
			for n, door := range shop.Doors() {
				script = strings.ReplaceAll(script, fmt.Sprintf("localhost:%d", 8001+n), strings.TrimPrefix(door.Client.Base, "http://"))
			}
			lines := bash(t, script)
			for _, part := range []string{
				`"username":"alice"`, `"price":24000000.00`, `"total_price":48000000.00`, `"quantity":8`, `"status":"confirmed"`,
				`"detail":"Không tìm thấy sản phẩm có ID: 4711"`, `"title"`,
			} {
				if !strings.Contains(lines, part) {
					t.Errorf("the walk does not show %s:\n%s", part, lines)
				}
			}
			// The notification may come a moment after the walk asked for it.
			last := regexp.MustCompile(`(?m)^(curl .*/login.*|TOKEN=.*|curl .*/notifications.*)$`).FindAllString(script, -1)
			testkit.Eventually(t, patience, func() error {
				if out := bash(t, strings.Join(last, "\n")); !strings.Contains(out, `"event":"order.created"`) {
					return fmt.Errorf("%s", out)
				}
				return nil
			}, "the buyer is notified")
		})
	}
}

// walk returns the block of commands that begins with an account.
func walk(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(block[1], "curl") && strings.Contains(block[1], "/register") {
			return block[1]
		}
	}
	t.Fatalf("%s has no walk", path)
	return ""
}

func bash(t *testing.T, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
