package secrets_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shop/shop/secrets"
)

func made(t *testing.T) secrets.Options {
	t.Helper()
	o := secrets.Options{Dir: t.TempDir()}
	if _, err := secrets.Make(o); err != nil {
		t.Fatal(err)
	}
	return o
}

func value(t *testing.T, o secrets.Options, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(o.Dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestAPasswordIsRenewedWithAllThatHoldsIt(t *testing.T) {
	o := made(t)
	old, other := value(t, o, "postgres-order/password"), value(t, o, "postgres-user/password")
	changed, err := secrets.Renew(o, "postgres-order/password")
	if want := []string{"postgres-order/password", "order/database_url"}; err != nil || !slices.Equal(changed, want) {
		t.Errorf("changed %v (%v), want %v", changed, err, want)
	}
	fresh := value(t, o, "postgres-order/password")
	if url := value(t, o, "order/database_url"); fresh == old || strings.Contains(url, old) || !strings.Contains(url, fresh) {
		t.Error("the password, or the URL that holds it, is the old one")
	}
	if value(t, o, "postgres-user/password") != other {
		t.Error("another password has changed")
	}
	if again, err := secrets.Make(o); err != nil || len(again) > 0 {
		t.Errorf("what is there does not fit: made %v, %v", again, err)
	}
}

// TestTheSigningKeyIsChangedInThreeSteps, of which each but the last keeps every
// token valid.
func TestTheSigningKeyIsChangedInThreeSteps(t *testing.T) {
	const key, previous = "user/secret_key", "user/secret_key_previous"
	o := made(t)
	first := value(t, o, key)
	if changed, err := secrets.Renew(o, previous); err != nil || !slices.Equal(changed, []string{previous}) {
		t.Fatalf("changed %v, %v", changed, err)
	}
	second := value(t, o, previous)
	if _, err := secrets.SwapKeys(o); err != nil || value(t, o, key) != second || value(t, o, previous) != first {
		t.Fatalf("the keys have not changed places: %v", err)
	}
	if _, err := secrets.Renew(o, previous); err != nil || value(t, o, previous) == first || value(t, o, key) != second {
		t.Fatalf("the first key still opens: %v", err)
	}
}

func TestWhatCanNotBeRenewedIsSaid(t *testing.T) {
	for path, want := range map[string]string{
		"user/colour":        `there is no "user/colour"`,
		"order/database_url": "is made from postgres-order/password: renew that",
	} {
		if _, err := secrets.Renew(made(t), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if _, err := secrets.Renew(secrets.Options{Dir: t.TempDir()}, "user/secret_key"); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("of nothing: got %v", err)
	}
	if _, err := secrets.SwapKeys(secrets.Options{}); err == nil {
		t.Error("without a directory: no error")
	}
}
