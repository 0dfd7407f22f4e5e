package user

import (
	"time"

	"shop/kit/config"
	"shop/kit/service"

	"shop/user/adapters/bcrypt"
)

// Config is every setting of the service.
type Config struct {
	service.Config

	SecretKey                string `group:"Tokens" env:"SECRET_KEY,required" secret:"true" unit:"text of at least 32 bytes" example:"change-me-this-example-is-no-secret" doc:"What access tokens are signed with. This example is refused unless DEBUG=True; make one with: openssl rand -base64 48"`
	SecretKeyPrevious        string `env:"SECRET_KEY_PREVIOUS" secret:"true" unit:"text of at least 32 bytes" doc:"The key before, whose tokens are still accepted: set it when you change SECRET_KEY, and drop it when they have expired."`
	Algorithm                string `env:"ALGORITHM" envDefault:"HS256" unit:"HS256, HS384 or HS512" doc:"How access tokens are signed; no other algorithm is accepted."`
	AccessTokenExpireMinutes int    `env:"ACCESS_TOKEN_EXPIRE_MINUTES" envDefault:"30" unit:"minutes, at most 1440" doc:"How long an access token is valid."`
	RefreshTokenExpireDays   int    `env:"REFRESH_TOKEN_EXPIRE_DAYS" envDefault:"14" unit:"days, at most 365" doc:"How long a session lives that nobody uses: each refresh token lasts as long, and gives the next one."`

	BcryptCost        int `group:"Passwords" env:"BCRYPT_COST" envDefault:"12" unit:"4 to 20; each step doubles the time" doc:"How slow it is to guess a password from its hash. Hashes of another cost are renewed at the next login."`
	PasswordMinLength int `env:"PASSWORD_MIN_LENGTH" envDefault:"6" unit:"characters, 1 to 64" doc:"The shortest password that can be chosen."`
}

// exampleKey is the SECRET_KEY of .env.example, which everybody knows.
const exampleKey = "change-me-this-example-is-no-secret"

const minKey = 32 // bytes: as many as HMAC-SHA-256 gives back, RFC 7518 section 3.2

// defaults are those of the settings that all services share.
func defaults() map[string]string {
	return map[string]string{
		"APP_NAME":     "User Service",
		"PORT":         "8001",
		"DATABASE_URL": "sqlite:///./data/user.db",
	}
}

// Validate implements config.Validator.
func (c Config) Validate() error {
	var f config.Faults
	c.validateKey(&f, "SECRET_KEY", c.SecretKey)
	if c.SecretKeyPrevious != "" {
		c.validateKey(&f, "SECRET_KEY_PREVIOUS", c.SecretKeyPrevious)
	}
	f.Check(c.Algorithm == "HS256" || c.Algorithm == "HS384" || c.Algorithm == "HS512", "ALGORITHM", "must be HS256, HS384 or HS512")
	f.Check(within(c.AccessTokenExpireMinutes, 1, 1440), "ACCESS_TOKEN_EXPIRE_MINUTES", "must be from 1 to 1440")
	f.Check(within(c.RefreshTokenExpireDays, 1, 365), "REFRESH_TOKEN_EXPIRE_DAYS", "must be from 1 to 365")
	f.Check(within(c.BcryptCost, bcrypt.MinCost, bcrypt.MaxCost), "BCRYPT_COST", "must be from 4 to 20")
	f.Check(within(c.PasswordMinLength, 1, 64), "PASSWORD_MIN_LENGTH", "must be from 1 to 64: passwords of 64 characters are always allowed")
	return f.Err()
}

func (c Config) validateKey(f *config.Faults, variable, key string) {
	f.Check(len(key) >= minKey, variable, "must have at least 32 bytes")
	f.Check(key != exampleKey || c.Debug, variable, "must not be the example, which everybody knows (DEBUG=True allows it)")
}

func within(n, least, most int) bool { return n >= least && n <= most }

func (c Config) accessLifetime() time.Duration {
	return time.Duration(c.AccessTokenExpireMinutes) * time.Minute
}

func (c Config) refreshLifetime() time.Duration {
	return time.Duration(c.RefreshTokenExpireDays) * 24 * time.Hour
}

// maxHashing bounds the logins and registrations that are being served or wait
// for a processor, so that they leave room for all other requests.
func (c Config) maxHashing() int {
	const share = 4
	return max(1, c.MaxConcurrency/share)
}

// previousKeys returns the keys that only old tokens are signed with.
func (c Config) previousKeys() [][]byte {
	if c.SecretKeyPrevious == "" {
		return nil
	}
	return [][]byte{[]byte(c.SecretKeyPrevious)}
}
