package http

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"shop/kit/errs"

	"shop/user/domain"
	"shop/user/ports"
)

// decoded reads a body of any content. What is refused must be the client's
// fault; what is read must be as whole says.
func decoded[T any](
	t *testing.T, contentType, body string, dec func(*http.Request) (T, error), whole func(T) bool,
) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	got, err := dec(r)
	if err == nil && !whole(got) {
		t.Errorf("%q was read as %+v", body, got)
	}
	if err != nil && errs.KindOf(err) != errs.Invalid {
		t.Errorf("%q is refused as %v: %v", body, errs.KindOf(err), err)
	}
}

var options = decoder{Password: domain.PasswordRule{MinLength: 6}}

func FuzzRegister(f *testing.F) {
	f.Add(`{"username":"anna","password":"secret","email":"an@example.com","phone":"0901234567"}`)
	f.Add(`{"username":"ab","password":1,"email":null}`)
	f.Add(`{"username":"a\u0000\ud800","username":"b","password":"` + strings.Repeat("x", 300) + `"}`)
	f.Add(strings.Repeat(`[{"a":`, 1000))
	f.Fuzz(func(t *testing.T, body string) {
		decoded(t, "application/json", body, options.register, func(cmd ports.Register) bool {
			name, n := cmd.Name.String(), utf8.RuneCountInString(cmd.Password.Text())
			return utf8.ValidString(name) && !strings.ContainsRune(name, 0) && cmd.Name.Key() != "" && n >= 6 && n <= 256 &&
				isOrNothing(cmd.Contact.Email.Text(), domain.NewEmail) && isOrNothing(cmd.Contact.Phone.Text(), domain.NewPhone)
		})
	})
}

// isOrNothing reports whether make takes text, unless there is none.
func isOrNothing[T any](text string, make func(string) (T, error)) bool {
	_, err := make(text)
	return text == "" || err == nil
}

func FuzzLogin(f *testing.F) {
	f.Add(form, "username=anna&password=secret&grant_type=password")
	f.Add(form, "username=%ff&password=%00")
	f.Add(form, "username=a;b&password=%zz&&&=")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nanna\r\n--x--")
	f.Add("multipart/form-data", "--")
	f.Add("text/plain", "")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		decoded(t, contentType, body, options.login, func(cmd ports.Login) bool {
			return cmd.Name != "" && utf8.ValidString(cmd.Name) && !cmd.Password.IsZero()
		})
	})
}

const form = "application/x-www-form-urlencoded"

func FuzzChangeProfile(f *testing.F) {
	f.Add(`{"email":null,"phone":"+84 90 123 4567","locale":"en","push_token":"fcm:x"}`)
	f.Add(`{"current_password":"secret","new_password":"another"}`)
	f.Add(`{"current_password":null}`)
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, body string) {
		decoded(t, "application/json", body, options.changeProfile, func(cmd ports.ChangeProfile) bool {
			c := domain.Contact{}.With(cmd.Contact)
			return isOrNothing(c.Email.Text(), domain.NewEmail) && isOrNothing(c.Phone.Text(), domain.NewPhone) &&
				isOrNothing(string(c.Locale), domain.NewLocale) && isOrNothing(c.PushToken.Text(), domain.NewPushToken) &&
				(cmd.Password == nil || utf8.RuneCountInString(cmd.Password.New.Text()) >= 6)
		})
	})
}

func FuzzTokens(f *testing.F) {
	f.Add(`{"token":"x.y.z","refresh_token":"abc"}`)
	f.Add(`{"token":7}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		decoded(t, "application/json", body, decodeToken, func(token domain.AccessToken) bool {
			return utf8.ValidString(token.Text())
		})
		decoded(t, "application/json", body, options.refresh, func(cmd ports.Refresh) bool {
			return utf8.ValidString(cmd.Token.Text())
		})
	})
}
