package secrets

import (
	"errors"
	"fmt"
	"maps"
)

// The two keys of the user service: what it signs tokens with, and whose tokens it
// accepts besides.
const (
	signingKey  = "user/secret_key"
	previousKey = "user/secret_key_previous"
)

// errIncomplete says that there is nothing whole to change.
var errIncomplete = errors.New("secrets: some are missing; make them first")

// Renew makes the secret OWNER/NAME anew, and what was made from it, and returns the
// paths of what has changed. Who reads them has to be told, and started again.
func Renew(o Options, path string) (changed []string, err error) {
	return o.change(func(have map[string]string) error {
		for _, f := range files {
			if f.path == path && f.from == "" {
				delete(have, path)
				return nil
			}
			if f.path == path {
				return fmt.Errorf("secrets: %s is made from %s: renew that", path, f.from)
			}
		}
		return fmt.Errorf("secrets: there is no %q", path)
	})
}

// SwapKeys lets the previous key sign, and the one that signed be the previous. Where
// every replica of the user service accepts both, none refuses the tokens of another
// while they are replaced one by one.
func SwapKeys(o Options) (changed []string, err error) {
	return o.change(func(have map[string]string) error {
		have[signingKey], have[previousKey] = have[previousKey], have[signingKey]
		return nil
	})
}

// change writes what is other after edit.
func (o Options) change(edit func(have map[string]string) error) (changed []string, err error) {
	if o.Dir == "" {
		return nil, errors.New("secrets: no directory for them")
	}
	before, err := o.read()
	if err != nil {
		return nil, err
	}
	if len(before) < len(files) {
		return nil, errIncomplete
	}
	if _, err := complete(before); err != nil {
		return nil, err
	}
	have := maps.Clone(before)
	if err := edit(have); err != nil {
		return nil, err
	}
	for _, f := range files { // What follows from others is made again.
		if f.from != "" {
			delete(have, f.path)
		}
	}
	after, err := complete(have)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if after[f.path] == before[f.path] {
			continue
		}
		if err := o.write(f, after[f.path]); err != nil {
			return changed, fmt.Errorf("secrets: %w", err)
		}
		changed = append(changed, f.path)
	}
	return changed, nil
}
