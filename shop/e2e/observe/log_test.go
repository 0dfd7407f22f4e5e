//go:build linux

package observe

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// line is one line of a log.
type line struct {
	file   string
	text   string
	fields map[string]any // nil where it is no JSON: an engine's.
}

// lines are all that has been logged so far by the shop, its sidecars and agents,
// and its engines.
func (s *shop) lines(t *testing.T) []line {
	t.Helper()
	var lines []line
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || filepath.Ext(path) != ".log" && filepath.Base(path) != "log" {
			return err
		}
		text, err := os.ReadFile(path)
		for one := range strings.Lines(string(text)) {
			l := line{file: strings.TrimPrefix(path, s.dir+"/"), text: one}
			_ = json.Unmarshal([]byte(one), &l.fields) // An engine's line is a text.
			lines = append(lines, l)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
