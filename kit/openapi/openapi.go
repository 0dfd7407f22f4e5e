// Package openapi serves the documentation of a REST API from its embedded
// OpenAPI document: as JSON, in Swagger UI and in ReDoc. Everything comes from
// the binary; the pages' content security policy lets a browser ask nobody else.
package openapi

import (
	"embed"
	"fmt"
	"html"
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
	document, err := JSON(spec)
	if err != nil {
		return nil, err
	}
	var about struct {
		OpenAPI string `yaml:"openapi"`
		Info    struct {
			Title string `yaml:"title"`
		} `yaml:"info"`
	}
	if err := yaml.Unmarshal(spec, &about); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	if !strings.HasPrefix(about.OpenAPI, "3.") {
		return nil, fmt.Errorf("read the OpenAPI document: version %q is not 3.x", about.OpenAPI)
	}
	s := &Site{pages: map[string]http.Handler{}}
	s.add("/openapi.json", newAsset("application/json", document))
	for _, page := range []struct{ path, file, policy string }{
		{"/docs", "pages/docs.html", docsPolicy},
		{"/redoc", "pages/redoc.html", redocPolicy},
	} {
		text, err := files.ReadFile(page.file)
		if err != nil {
			return nil, err
		}
		a := newAsset("text/html; charset=utf-8", []byte(strings.ReplaceAll(string(text), "{{title}}", html.EscapeString(about.Info.Title))))
		a.policy = page.policy
		s.add(page.path, a)
	}
	return s, s.addFiles()
}

// addFiles adds what the pages load.
func (s *Site) addFiles() error {
	for _, f := range []struct {
		path, contentType string
		read              func(string) ([]byte, error)
		file              string
	}{
		{"/docs/init.js", javascript, files.ReadFile, "pages/docs.js"},
		{"/docs/docs.css", "text/css; charset=utf-8", files.ReadFile, "pages/docs.css"},
		{"/docs/swagger-ui.css", "text/css; charset=utf-8", static.FS.ReadFile, "swagger-ui.css.gz"},
		{"/docs/swagger-ui-bundle.js", javascript, static.FS.ReadFile, "swagger-ui-bundle.js.gz"},
		{"/docs/favicon-32x32.png", "image/png", static.FS.ReadFile, "favicon-32x32.png"},
		{"/redoc/init.js", javascript, files.ReadFile, "pages/redoc.js"},
		{"/redoc/redoc.standalone.js", javascript, files.ReadFile, "redoc/redoc.standalone.js.gz"},
	} {
		data, err := f.read(f.file)
		if err != nil {
			return fmt.Errorf("embedded file: %w", err)
		}
		if strings.HasSuffix(f.file, ".gz") {
			s.add(f.path, newCompressed(f.contentType, data))
		} else {
			s.add(f.path, newAsset(f.contentType, data))
		}
	}
	return nil
}

func (s *Site) add(path string, a *asset) { s.pages[path] = a }

// Pages returns every page of the documentation by its path.
func (s *Site) Pages() map[string]http.Handler { return s.pages }

const javascript = "text/javascript; charset=utf-8"

// The policies permit what the two pages were seen to need: styles that their
// scripts write, pictures inside of styles, ReDoc's search in a worker made of a
// blob; requests ("Try it out") go to the service itself.
const (
	docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	redocPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
