package domain

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"shop/kit/errs"
)

func TestNewPassword(t *testing.T) {
	rule := PasswordRule{MinLength: 6}
	for name, tc := range map[string]struct {
		in   string
		want error
	}{
		"six characters":             {"secret", nil},
		"six Vietnamese characters":  {"mậtkhẩ", nil},
		"sixty-four characters":      {strings.Repeat("ổ", 64), nil},
		"two hundred and fifty-six":  {strings.Repeat("x", 256), nil},
		"spaces are characters":      {"      ", nil},
		"five characters":            {"secre", errs.TooShort(6)},
		"five characters, ten bytes": {"đđđđđ", errs.TooShort(6)},
		"empty":                      {"", errs.TooShort(6)},
		"more than anyone types":     {strings.Repeat("x", 257), errs.TooLong(256)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rule.New(tc.in)
			if tc.want == nil {
				if err != nil || got.Text() != tc.in {
					t.Fatalf("got %q, %v; want it unchanged", got.Text(), err)
				}
			} else if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestNewEmail(t *testing.T) {
	for in, ok := range map[string]bool{
		"an@example.com": true, "an.nguyen+shop@mail.example.vn": true, "a_b-c@xn--vit-nam.vn": true, "an@127.0.0.1": false,
		"": false, "an": false, "an@": false, "@example.com": false, "an@localhost": false, "an@-x.vn": false, "an@x..vn": false,
		"an nguyen@example.com": false, `"an nguyen"@example.com`: false, "An <an@example.com>": false, "an@example.com ": false,
		"an@example.com\r\nBcc: x@y.vn": false, "an@exa\x00mple.com": false, "ân@example.com": false, "an@ví-dụ.vn": false,
		"a@b@example.com": false, "an@example.c": false, "an@[10.0.0.1]": false,
		strings.Repeat("a", 65) + "@example.com": false, strings.Repeat("a", 250) + "@example.com": false,
	} {
		email, err := NewEmail(in)
		if (err == nil) != ok {
			t.Errorf("NewEmail(%q): %v, want ok = %v", in, err, ok)
		}
		if ok && email.Text() != in {
			t.Errorf("%q became %q", in, email.Text())
		}
	}
}

func TestNewPhone(t *testing.T) {
	for in, want := range map[string]string{
		"0901234567": "+84901234567", "090 123 45 67": "+84901234567", "+84 90-123-4567": "+84901234567",
		"(090) 1234567": "", "+1 (415) 555-2671": "+14155552671", "0084901234567": "+84901234567",
		"": "", "abc": "", "0": "", "+": "", "12345678": "", "090123456a": "", "+84901234567890123": "", "0901": "", "++84901234567": "",
		"+0901234567": "", "0901234567-": "", "090\n1234567": "", "٠٩٠١٢٣٤٥٦٧": "", "000901234567": "",
		"0" + strings.Repeat("-", 40) + "901234567": "",
	} {
		phone, err := NewPhone(in)
		if (err == nil) != (want != "") {
			t.Errorf("NewPhone(%q): %v, want %q", in, err, want)
			continue
		}
		if err == nil && (phone.E164() != want || phone.Text() != in) {
			t.Errorf("NewPhone(%q) dials %q and reads %q, want %q and unchanged", in, phone.E164(), phone.Text(), want)
		}
	}
	if got := (Phone{}).E164(); got != "" {
		t.Errorf("an absent phone dials %q", got)
	}
}

func TestNewLocale(t *testing.T) {
	for in, ok := range map[string]bool{"vi": true, "en": true, "": false, "VI": false, "fr": false, "vi-VN": false} {
		if _, err := NewLocale(in); (err == nil) != ok {
			t.Errorf("NewLocale(%q): %v, want ok = %v", in, err, ok)
		}
	}
	if got := Locale("").String(); got != "vi" {
		t.Errorf("the default locale is %q, want vi", got)
	}
}

func TestNewPushToken(t *testing.T) {
	for in, ok := range map[string]bool{
		"fcm:APA91bH-x_y": true, strings.Repeat("x", 4096): true, "": false, "a b": false, "a\nb": false, "thẻ": false,
		strings.Repeat("x", 4097): false, "a\x7fb": false,
	} {
		if _, err := NewPushToken(in); (err == nil) != ok {
			t.Errorf("NewPushToken(%.20q): %v, want ok = %v", in, err, ok)
		}
	}
}

func TestContactChangesAreTriState(t *testing.T) {
	before := Contact{Email: StoredEmail("an@example.com"), Phone: StoredPhone("0901234567"), Locale: English}
	phone := StoredPhone("0907654321")
	got := before.With(ContactChanges{Email: new(Email), Phone: &phone})
	want := Contact{Phone: phone, Locale: English}
	if got != want {
		t.Errorf("got email %q, phone %q, locale %q", got.Email.Text(), got.Phone.Text(), got.Locale)
	}
}

// Whatever prints a value that belongs to a person, alone or inside another
// value, must not show it.
func TestPrivateValuesNeverPrint(t *testing.T) {
	const text = "s3cr3t-text"
	values := map[string]any{
		"password": TypedPassword(text), "email": StoredEmail(text), "phone": StoredPhone(text), "push token": StoredPushToken(text),
		"hash": StoredHash(text), "access token": PresentedToken(text), "refresh token": PresentedRefreshToken(text),
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			wrapped := struct{ Field any }{value}
			var printed strings.Builder
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
				fmt.Fprintf(&printed, verb+verb+verb, value, wrapped, []any{value})
			}
			encoded, err := json.Marshal(wrapped)
			if err != nil {
				t.Fatal(err)
			}
			printed.Write(encoded)
			slog.New(slog.NewTextHandler(&printed, nil)).Info("x", "value", value, "wrapped", wrapped)
			slog.New(slog.NewJSONHandler(&printed, nil)).Info("x", "value", value, "wrapped", wrapped)
			for _, verb := range []string{"%s", "%x", "%X", "%d"} {
				form := fmt.Sprintf(verb, []byte(text))
				if strings.Contains(printed.String(), form) {
					t.Errorf("%q shows in %s", form, printed.String())
				}
			}
		})
	}
}
