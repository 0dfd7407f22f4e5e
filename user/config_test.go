package user

import (
	"os"
	"strings"
	"testing"

	"shop/kit/config"
	"shop/kit/config/configtest"
)

func TestEnvExample(t *testing.T) {
	configtest.Example[Config](t, ".env.example", config.Defaults(defaults()))
	example, err := os.ReadFile(".env.example")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(example), "\nSECRET_KEY="+exampleKey+"\n") {
		t.Error("the key that is refused is not that of the example")
	}
}

func TestConfig(t *testing.T) {
	key := strings.Repeat("k", 32)
	for name, tc := range map[string]struct {
		settings map[string]string
		want     []string // The variables at fault.
	}{
		"a key alone":               {map[string]string{"SECRET_KEY": key}, nil},
		"no key":                    {nil, []string{"SECRET_KEY"}},
		"an empty key":              {map[string]string{"SECRET_KEY": ""}, []string{"SECRET_KEY"}},
		"a short key":               {map[string]string{"SECRET_KEY": key[1:]}, []string{"SECRET_KEY"}},
		"the example key":           {map[string]string{"SECRET_KEY": exampleKey}, []string{"SECRET_KEY"}},
		"the example, in debugging": {map[string]string{"SECRET_KEY": exampleKey, "DEBUG": "True"}, nil},
		"a short key, in debugging": {map[string]string{"SECRET_KEY": "x", "DEBUG": "True"}, []string{"SECRET_KEY"}},
		"a short previous key":      {map[string]string{"SECRET_KEY": key, "SECRET_KEY_PREVIOUS": "x"}, []string{"SECRET_KEY_PREVIOUS"}},
		"the example as previous":   {map[string]string{"SECRET_KEY": key, "SECRET_KEY_PREVIOUS": exampleKey}, []string{"SECRET_KEY_PREVIOUS"}},
		"everything wrong": {map[string]string{
			"SECRET_KEY": "short", "ALGORITHM": "none", "ACCESS_TOKEN_EXPIRE_MINUTES": "0", "REFRESH_TOKEN_EXPIRE_DAYS": "366",
			"BCRYPT_COST": "21", "PASSWORD_MIN_LENGTH": "65", "PORT": "x",
		}, []string{"PORT", "SECRET_KEY", "ALGORITHM", "ACCESS_TOKEN_EXPIRE_MINUTES", "REFRESH_TOKEN_EXPIRE_DAYS", "BCRYPT_COST", "PASSWORD_MIN_LENGTH"}},
		"RS256": {map[string]string{"SECRET_KEY": key, "ALGORITHM": "RS256"}, []string{"ALGORITHM"}},
	} {
		t.Run(name, func(t *testing.T) {
			environment := map[string]string{}
			for k, v := range tc.settings {
				environment[k] = v
			}
			_, err := Spec().Load(config.Environ(environment))
			text := ""
			if err != nil {
				text = err.Error()
			}
			var got []string
			for line := range strings.Lines(text) {
				variable, _, _ := strings.Cut(strings.ReplaceAll(line, " ", "="), "=")
				got = append(got, variable)
			}
			if strings.Join(got, " ") != strings.Join(tc.want, " ") {
				t.Errorf("faults of %q, want %q:\n%s", got, tc.want, text)
			}
			for _, secret := range []string{key, exampleKey, "short"} {
				if strings.Contains(text, "="+secret) {
					t.Errorf("the faults show a key: %s", text)
				}
			}
		})
	}
}

func TestSecretsAreRandom(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		secret := newSecret()
		if len(secret) != 43 || seen[secret] {
			t.Fatalf("got %q", secret)
		}
		seen[secret] = true
	}
}
