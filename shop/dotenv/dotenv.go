// Package dotenv makes the settings of services that are started one by one by
// hand, so that they find and trust each other: what each knows by itself is in its
// .env.example already.
package dotenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"shop/shop/local"
)

// ErrUnknown says that there is no service of that name.
var ErrUnknown = errors.New("no such service")

// shared is what the services have in common, below the root of the repository.
const shared = "data/services"

// Make writes ROOT/SERVICE/.env, where ROOT is the repository's folder, from the
// .env.example beside it. Secrets stand in files of their own in ROOT/data, the
// same for every service, as does the queue file. A .env that is there stays as it
// is: made is false then.
func Make(root, service string) (made bool, err error) {
	if !slices.Contains(local.Names, service) {
		return false, fmt.Errorf("%q: %w; there are %s", service, ErrUnknown, strings.Join(local.Names, ", "))
	}
	path := filepath.Join(root, service, ".env")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	example, err := os.ReadFile(path + ".example") //nolint:gosec // The operator's own directory.
	if err != nil {
		return false, fmt.Errorf("not in the folder of the shop: %w", err)
	}
	if _, err := local.Secrets(filepath.Join(root, shared, "secrets")); err != nil {
		return false, err
	}
	return true, create(path, settings(string(example)))
}

// replaced are the lines that are not as in .env.example. Paths are seen from the
// folder of the service.
var replaced = map[*regexp.Regexp]string{
	regexp.MustCompile(`(?m)^SECRET_KEY=.*$`):      "SECRET_KEY_FILE=../" + shared + "/secrets/secret_key",
	regexp.MustCompile(`(?m)^#INTERNAL_TOKEN=.*$`): "INTERNAL_TOKEN_FILE=../" + shared + "/secrets/internal_token",
	regexp.MustCompile(`(?m)^BUS_FILE=.*$`):        "BUS_FILE=../" + shared + "/bus.db",
}

func settings(example string) string {
	for line, by := range replaced {
		example = line.ReplaceAllLiteralString(example, by)
	}
	return example
}

// create writes a file that was not there, for its owner only.
func create(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // The operator's own directory.
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
