package web

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// lang is a language that texts exist in.
type lang uint8

const (
	vietnamese lang = iota // The default.
	english
)

func (l lang) String() string { return [...]string{"vi", "en"}[l] }

// maxLanguages is the longest Accept-Language in bytes that is read; no browser's
// comes near it.
const maxLanguages = 512

// languages picks the language of a text by Accept-Language.
type languages struct{ matcher language.Matcher }

func newLanguages() languages {
	return languages{language.NewMatcher([]language.Tag{language.Vietnamese, language.English})}
}

// of returns the language that a client reads best; Vietnamese if it names none
// of ours or nothing that can be read.
func (l languages) of(h http.Header) lang {
	header := strings.Join(h["Accept-Language"], ",")
	if header == "" || len(header) > maxLanguages {
		return vietnamese
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return vietnamese
	}
	if _, i, confidence := l.matcher.Match(tags...); confidence >= language.Low && i == int(english) {
		return english
	}
	return vietnamese
}
