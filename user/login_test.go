package user_test

import (
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"shop/user/adapters/sql"
	"shop/user/domain"

	"golang.org/x/crypto/bcrypt"
)

const form = "application/x-www-form-urlencoded"

func TestLogin(t *testing.T) {
	s := start(t)
	s.register("Nguyễn Ân").want(http.StatusCreated, "")
	a := s.login("NGUYỄN ÂN", password).want(http.StatusOK, "")
	if a.text("token_type") != "bearer" || a.text("expires_in") != "1800" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %s with %v", a.body, a.header)
	}
	if !strings.HasPrefix(a.body, `{"access_token":"ey`) {
		t.Errorf("got %s", a.body)
	}
	v := s.json("POST", "/validate-token", object{"token": a.text("access_token")})
	const want = `{"valid":true,"username":"Nguyễn Ân","user_id":1,"message":"Token is valid"}`
	if v.body != want {
		t.Errorf("got %s, want %s", v.body, want)
	}
}

func TestLoginForms(t *testing.T) {
	s := start(t)
	s.client = http.DefaultClient // The validator takes escaped characters of a form for bare ones.
	s.json("POST", "/register", object{"username": "anna", "password": "a b+c&d=e%"}).want(http.StatusCreated, "")
	var parts strings.Builder
	w := multipart.NewWriter(&parts)
	for field, value := range map[string]string{"username": "anna", "password": "a b+c&d=e%", "grant_type": "password"} {
		if err := w.WriteField(field, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const right = "username=anna&password=a+b%2Bc%26d%3De%25"
	for name, tc := range map[string]struct {
		contentType, body string
		status            int
		faults            []string
	}{
		"without a grant type":        {form, right, 200, nil},
		"with a charset":              {form + "; charset=UTF-8", right, 200, nil},
		"the password grant":          {form, right + "&grant_type=password&scope=&client_id=x&client_secret=y", 200, nil},
		"an empty grant type":         {form, right + "&grant_type=", 200, nil},
		"multipart":                   {w.FormDataContentType(), parts.String(), 200, nil},
		"another grant":               {form, right + "&grant_type=client_credentials", 422, []string{"body.grant_type: enum"}},
		"nothing":                     {form, "", 422, []string{"body.username: missing", "body.password: missing"}},
		"empty fields":                {form, "username=&password=", 422, []string{"body.username: missing", "body.password: missing"}},
		"no password":                 {form, "username=anna", 422, []string{"body.password: missing"}},
		"NUL":                         {form, "username=an%00na&password=x", 422, []string{"body.username: string_nul"}},
		"invalid UTF-8":               {form, "username=an%ffna&password=x", 422, []string{"body.username: string_unicode"}},
		"a bad escape":                {form, "username=an%zzna", 422, []string{"body: form_invalid"}},
		"JSON":                        {"application/json", `{"username":"anna","password":"a b+c&d=e%"}`, 415, nil},
		"a name that nobody can have": {form, "username=+&password=x", 401, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			a := s.do("POST", "/login", tc.contentType, tc.body).want(tc.status, "")
			if tc.faults != nil && !slices.Equal(a.faults(), tc.faults) {
				t.Errorf("got %q, want %q", a.faults(), tc.faults)
			}
		})
	}
}

func TestARefusedLoginTellsNothing(t *testing.T) {
	s := start(t)
	s.register("anna").want(http.StatusCreated, "")
	wrong, unknown := s.login("anna", "wrong"), s.login("nobody", "wrong")
	for name, a := range map[string]answer{"wrong password": wrong, "unknown name": unknown} {
		a.want(http.StatusUnauthorized, "bad_credentials").wantDetail("Username hoặc password không đúng")
		if got := a.header.Get("WWW-Authenticate"); got != "Bearer" {
			t.Errorf("%s: WWW-Authenticate: %s", name, got)
		}
	}
	if len(wrong.body) != len(unknown.body) {
		t.Errorf("the bodies differ: %s and %s", wrong.body, unknown.body)
	}
	// Both have hashed one password: the time is the same without measuring it.
	hashed, _ := s.tel.Observations("auth_password_hash_duration_seconds")
	if hashed != 3 {
		t.Errorf("%d passwords were hashed, want one for the registration and one for each login", hashed)
	}
}

func TestTenFailuresLockTheAccountFromThere(t *testing.T) {
	for _, name := range []string{"Anna", "nobody"} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			session := s.enter("Anna")
			s.register("berta").want(http.StatusCreated, "")
			for range 10 {
				s.login(name, "wrong").want(http.StatusUnauthorized, "bad_credentials")
			}
			hashed, _ := s.tel.Observations("auth_password_hash_duration_seconds")
			for _, typed := range []string{"wrong", password} {
				locked := s.login(strings.ToUpper(name), typed).want(http.StatusTooManyRequests, "login_throttled")
				if got := locked.header.Get("Retry-After"); got != "30" {
					t.Errorf("Retry-After: %s", got)
				}
			}
			if more, _ := s.tel.Observations("auth_password_hash_duration_seconds"); more != hashed {
				t.Error("a password was hashed for a login that must wait")
			}
			s.wantValid(session.access, true)
			s.refresh(session.refresh).want(http.StatusOK, "")
			s.login("berta", password).want(http.StatusOK, "")

			s.clock.Advance(30 * time.Second)
			s.login(name, "wrong").want(http.StatusUnauthorized, "bad_credentials")
			if got := s.login(name, "wrong").want(http.StatusTooManyRequests, "").header.Get("Retry-After"); got != "60" {
				t.Errorf("Retry-After: %s", got)
			}
			s.clock.Advance(time.Minute)
			if name == "Anna" {
				s.login(name, password).want(http.StatusOK, "")
				s.login(name, "wrong").want(http.StatusUnauthorized, "")
				s.login(name, password).want(http.StatusOK, "")
			}
		})
	}
}

// Without a mesh anybody may write the header, so it must not make anybody
// someone else.
func TestAClientCannotChooseItsAddress(t *testing.T) {
	s := start(t)
	try := func(from string) answer {
		return s.do("POST", "/login", form, "username=anna&password=wrong", "X-Envoy-External-Address", from, "X-Forwarded-For", from)
	}
	for i := range 10 {
		try("10.0.0."+string(rune('0'+i))).want(http.StatusUnauthorized, "")
	}
	try("10.0.1.1").want(http.StatusTooManyRequests, "login_throttled")
	for _, record := range s.tel.Logs("security event") {
		if got := record.Text("client_address"); got != "127.0.0.1" {
			t.Errorf("the journal has the address %q", got)
		}
	}
}

func TestInAMeshTheLastHopIsTheAddress(t *testing.T) {
	s := start(t, "INTERNAL_AUTH", "mesh")
	try := func(from string) answer {
		return s.do("POST", "/login", form, "username=anna&password=wrong", "X-Envoy-External-Address", from, "X-Forwarded-For", "1.1.1.1")
	}
	for i := range 10 {
		try("9.9.9."+string(rune('0'+i))+", 10.0.0.1").want(http.StatusUnauthorized, "")
	}
	try("10.0.0.1").want(http.StatusTooManyRequests, "login_throttled")
	try("10.0.0.1, 10.0.0.2").want(http.StatusUnauthorized, "bad_credentials")
	try("2001:db8::1").want(http.StatusUnauthorized, "bad_credentials")
}

func TestHashesOfTheSystemBeforeAreRenewed(t *testing.T) {
	s := start(t, "BCRYPT_COST", "5")
	old, err := bcrypt.GenerateFromPassword([]byte(password), 4)
	if err != nil {
		t.Fatal(err)
	}
	name, err := domain.NewUsername("anna")
	if err != nil {
		t.Fatal(err)
	}
	users := sql.NewUsers(s.in.Infra.DB)
	stored := domain.StoredHash(strings.Replace(string(old), "$2a$", "$2b$", 1))
	before, err := users.Add(t.Context(), domain.Register(name, stored, domain.Contact{}, s.clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	s.login("anna", "wrong").want(http.StatusUnauthorized, "")
	s.login("anna", password).want(http.StatusOK, "")
	after, err := users.Get(t.Context(), before.ID)
	if err != nil || !strings.HasPrefix(after.Hash.Text(), "$2a$05$") {
		t.Errorf("the hash is now of the kind %.7q, %v", after.Hash.Text(), err)
	}
	s.login("anna", password).want(http.StatusOK, "")
}
