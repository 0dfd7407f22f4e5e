package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/joho/godotenv"
)

// Dotenv returns the variables of the .env file in dir, none if there is no
// such file.
func Dotenv(dir string) (map[string]string, error) {
	path := filepath.Join(dir, ".env")
	b, err := os.ReadFile(path) //nolint:gosec // G304: the operator's own directory.
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	values, err := parseDotenv(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return values, nil
}

// parseDotenv reads NAME=value lines. The parser's own errors quote what follows
// the fault, which may be the rest of the secrets, so they are not passed on.
func parseDotenv(b []byte) (map[string]string, error) {
	b = bytes.TrimPrefix(b, []byte("\uFEFF")) // Windows editors write a byte order mark.
	values, err := godotenv.UnmarshalBytes(b)
	if _, nameless := values[""]; err != nil || nameless {
		return nil, whereBroken(b)
	}
	return values, nil
}

var assignment = regexp.MustCompile(`^\s*(export\s+)?[A-Za-z0-9_.]+\s*[=:]`)

func whereBroken(b []byte) error {
	for i, line := range bytes.Split(b, []byte("\n")) {
		text := bytes.TrimSpace(line)
		if len(text) > 0 && text[0] != '#' && !assignment.Match(line) {
			return fmt.Errorf("line %d is not NAME=value", i+1)
		}
	}
	return errors.New("a quote is not closed")
}
