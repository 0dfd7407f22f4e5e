// Package openapi serves the documentation of a REST API from its embedded
// OpenAPI document: as JSON, in Swagger UI and in ReDoc. Everything comes from
// the binary; the pages' content security policy lets a browser ask nobody else.
package openapi

import (
	"embed"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"strings"

	"github.com/swaggest/swgui/v5/static"
	"go.yaml.in/yaml/v3"
)

//go:embed redoc/redoc.standalone.js.gz pages
var files embed.FS

// Site is the documentation of one service.
type Site struct{ pages map[string]http.Handler }

// New returns the documentation of spec, an OpenAPI 3 document in YAML.
func New(spec []byte) (*Site, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(spec, &document); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	if len(document.Content) != 1 {
		return nil, errors.New("read the OpenAPI document: it is empty")
	}
	var about struct {
		OpenAPI string `yaml:"openapi"`
		Info    struct {
			Title string `yaml:"title"`
		} `yaml:"info"`
	}
	if err := document.Decode(&about); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	if !strings.HasPrefix(about.OpenAPI, "3.") {
		return nil, fmt.Errorf("read the OpenAPI document: version %q is not 3.x", about.OpenAPI)
	}
	data, err := toJSON(document.Content[0])
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	s := &Site{pages: map[string]http.Handler{"/openapi.json": &asset{contentType: "application/json", read: fixed(data)}}}
	if err := errors.Join(s.addPages(about.Info.Title), s.addFiles()); err != nil {
		return nil, err
	}
	return s, nil
}

// Pages returns every page of the documentation by its path.
func (s *Site) Pages() map[string]http.Handler { return s.pages }

// The policies permit what the two pages were seen to need: styles that their
// scripts write, pictures inside of styles, ReDoc's search in a worker made of a
// blob; requests ("Try it out") go to the service itself.
const (
	docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	redocPolicy = docsPolicy + "; worker-src blob:"
)

func (s *Site) addPages(title string) error {
	for _, page := range []struct{ path, file, policy string }{
		{"/docs", "pages/docs.html", docsPolicy},
		{"/redoc", "pages/redoc.html", redocPolicy},
	} {
		text, err := files.ReadFile(page.file)
		if err != nil {
			return fmt.Errorf("embedded page: %w", err)
		}
		text = []byte(strings.ReplaceAll(string(text), "{{title}}", html.EscapeString(title)))
		s.pages[page.path] = &asset{contentType: "text/html; charset=utf-8", policy: page.policy, read: fixed(text)}
	}
	return nil
}

func fixed(data []byte) func() ([]byte, error) { return func() ([]byte, error) { return data, nil } }

const (
	javascript = "text/javascript; charset=utf-8"
	css        = "text/css; charset=utf-8"
)

// addFiles adds what the pages load.
func (s *Site) addFiles() error {
	for _, f := range []struct {
		path, contentType string
		source            embed.FS
		file              string
	}{
		{"/docs/init.js", javascript, files, "pages/docs.js"},
		{"/docs/docs.css", css, files, "pages/docs.css"},
		{"/docs/swagger-ui.css", css, static.FS, "swagger-ui.css.gz"},
		{"/docs/swagger-ui-bundle.js", javascript, static.FS, "swagger-ui-bundle.js.gz"},
		{"/docs/favicon-32x32.png", "image/png", static.FS, "favicon-32x32.png"},
		{"/redoc/init.js", javascript, files, "pages/redoc.js"},
		{"/redoc/redoc.standalone.js", javascript, files, "redoc/redoc.standalone.js.gz"},
	} {
		if _, err := fs.Stat(f.source, f.file); err != nil {
			return fmt.Errorf("embedded file: %w", err)
		}
		s.pages[f.path] = &asset{
			contentType: f.contentType,
			packed:      strings.HasSuffix(f.file, ".gz"),
			read:        func() ([]byte, error) { return f.source.ReadFile(f.file) },
		}
	}
	return nil
}
