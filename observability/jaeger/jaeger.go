// Package jaeger carries the configuration of Jaeger, for those who start it
// themselves.
package jaeger

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed jaeger.yaml badger.yaml memory.yaml
var files embed.FS

// Storage is where traces are kept.
type Storage string

// Storages.
const (
	Badger Storage = "badger.yaml" // Files in JAEGER_DATA.
	Memory Storage = "memory.yaml"
)

// Write writes the configuration into dir, which exists, and returns the files in
// the order in which Jaeger reads them.
func Write(dir string, s Storage) ([]string, error) {
	var written []string
	for _, name := range []string{"jaeger.yaml", string(s)} {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("configuration of Jaeger: %w", err)
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, fmt.Errorf("configuration of Jaeger: %w", err)
		}
		written = append(written, file)
	}
	return written, nil
}
