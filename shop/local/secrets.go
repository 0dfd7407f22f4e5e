package local

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secretBytes is the length of a secret before encoding.
const secretBytes = 32

// secretFiles are the files in the directory of secrets, by the setting they hold.
var secretFiles = map[string]string{"SECRET_KEY": "secret_key", "INTERNAL_TOKEN": "internal_token"}

// Secrets returns the secrets of a shop by setting. Those that are missing in dir
// are made once, readable by their owner only.
func Secrets(dir string) (map[string]string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of secrets: %w", err)
	}
	secrets := map[string]string{}
	for setting, name := range secretFiles {
		value, err := loadSecret(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		secrets[setting] = value
	}
	return secrets, nil
}

func loadSecret(path string) (string, error) {
	data, err := os.ReadFile(path) //nolint:gosec // The shop's own directory.
	if err == nil {
		value := strings.TrimSpace(string(data))
		if len(value) < secretBytes {
			return "", fmt.Errorf("secret %s is shorter than %d bytes: remove it and a new one is made", path, secretBytes)
		}
		return value, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	random := make([]byte, secretBytes)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	value := base64.RawURLEncoding.EncodeToString(random)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // The shop's own directory.
	if err != nil {
		return "", fmt.Errorf("write a secret: %w", err)
	}
	_, err = f.WriteString(value + "\n")
	return value, errors.Join(err, f.Sync(), f.Close())
}
