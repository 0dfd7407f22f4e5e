package bcrypt

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"shop/user/adapters/hashertest"
	"shop/user/domain"
	"shop/user/ports"
)

func hasher(t testing.TB, cost int) *Hasher {
	t.Helper()
	h, err := New(cost)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHasher(t *testing.T) {
	hashertest.Run(t, func(t *testing.T) ports.Hasher { return hasher(t, MinCost) })
}

func TestNewRefusesCostsThatTakeForEver(t *testing.T) {
	for _, cost := range []int{-1, 0, MinCost - 1, MaxCost + 1, 31} {
		if _, err := New(cost); err == nil {
			t.Errorf("cost %d is accepted", cost)
		}
	}
}

// plain returns a hash as other programs store it, of what they read of the
// password.
func plain(t *testing.T, variant, password string, cost int) domain.PasswordHash {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password[:min(72, len(password))]), cost)
	if err != nil {
		t.Fatal(err)
	}
	return domain.StoredHash(strings.Replace(string(hash), "$2a$", variant, 1))
}

// The vectors are those of Python's bcrypt, which made the hashes that exist.
// https://github.com/pyca/bcrypt/blob/main/tests/test_bcrypt.py
func TestHashesOfOtherProgramsKeepWorking(t *testing.T) {
	const long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored"
	for _, tc := range []struct{ password, hash string }{
		{"Kk4DQuMMfZL9o", "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"},
		{"9IeRXmnGxMYbs", "$2b$04$pQ7gRO7e6wx/936oXhNjrOUNOHL1D0h1N2IDbJZYs.1ppzSof6SPy"},
		{long, "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"},
		{long, "$2b$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"},
		{long, "$2y$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"},
	} {
		for typed, want := range map[string]bool{tc.password: true, "x" + tc.password: false, tc.password[:7]: false, "": false} {
			got, err := hasher(t, 4).Verify(t.Context(), domain.StoredHash(tc.hash), domain.TypedPassword(typed))
			if err != nil || got.Match != want {
				t.Errorf("%.12s %q: got %+v, %v; want match = %v", tc.hash, typed, got, err, want)
			}
		}
	}
}

// The system before read 72 bytes and no more. Its hashes can't tell what came
// after them, so neither can we; ours can.
func TestAHashThatWasCutStaysCut(t *testing.T) {
	long := strings.Repeat("x", 80)
	cut := plain(t, "$2b$", long, 4)
	for typed, want := range map[string]bool{long: true, long + "y": true, long[:72]: true, long[:71]: false, "y" + long: false} {
		got, err := hasher(t, 4).Verify(t.Context(), cut, domain.TypedPassword(typed))
		if err != nil || got.Match != want {
			t.Errorf("%d bytes: got %+v, %v; want match = %v", len(typed), got, err, want)
		}
	}
	renewed, err := hasher(t, 5).Verify(t.Context(), cut, domain.TypedPassword(long+" mistyped"))
	if err != nil || !renewed.Match || renewed.Renewed.IsZero() {
		t.Fatalf("got %+v, %v", renewed, err)
	}
	owner, err := hasher(t, 5).Verify(t.Context(), renewed.Renewed, domain.TypedPassword(long))
	if err != nil || !owner.Match {
		t.Errorf("the owner is locked out after a mistyped end: %+v, %v", owner, err)
	}
}

func TestAHashOfAnotherCostIsRenewed(t *testing.T) {
	for _, password := range []string{"secret", strings.Repeat("x", 100)} {
		for from, to := range map[int]int{4: 5, 6: 5} {
			old, err := hasher(t, from).Hash(t.Context(), domain.TypedPassword(password))
			if err != nil {
				t.Fatal(err)
			}
			wrong, err := hasher(t, to).Verify(t.Context(), old, domain.TypedPassword(password+"!"))
			if err != nil || wrong != (ports.Verdict{}) {
				t.Errorf("a wrong password: got %+v, %v", wrong, err)
			}
			right, err := hasher(t, to).Verify(t.Context(), old, domain.TypedPassword(password))
			if err != nil || !right.Match {
				t.Fatalf("from %d to %d: got %+v, %v", from, to, right, err)
			}
			again, err := hasher(t, to).Verify(t.Context(), right.Renewed, domain.TypedPassword(password))
			if err != nil || again != (ports.Verdict{Match: true}) {
				t.Errorf("the renewed hash: got %+v, %v", again, err)
			}
		}
	}
}

// What a wrong password costs must not depend on whether there is a user, nor on
// the age of the hash: 2^cost rounds, whatever they are spent on.
func TestAWrongPasswordCostsTheSameWork(t *testing.T) {
	const cost = 7
	for name, stored := range map[string]domain.PasswordHash{
		"nobody's":        {},
		"current":         plain(t, "$2a$", "right", cost),
		"weaker":          plain(t, "$2b$", "right", 4),
		"pre-hashed":      domain.StoredHash(prehashed + plain(t, "$2a$", "right", cost).Text()),
		"disabled":        domain.StoredHash("!"),
		"of another kind": domain.StoredHash("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA"),
	} {
		t.Run(name, func(t *testing.T) {
			h, work := hasher(t, cost), 0
			h.compare = func(hash, password []byte) error {
				c, err := bcrypt.Cost(hash)
				if err != nil {
					t.Fatal(err)
				}
				work += 1 << c
				return bcrypt.CompareHashAndPassword(hash, password)
			}
			for _, typed := range []string{"wrong", strings.Repeat("wrong", 50), ""} {
				work = 0
				got, err := h.Verify(t.Context(), stored, domain.TypedPassword(typed))
				if err != nil || got.Match || work != 1<<cost {
					t.Errorf("%.20q: got %+v, %v after %d rounds; want %d", typed, got, err, work, 1<<cost)
				}
			}
		})
	}
}
