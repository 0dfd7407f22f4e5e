package domain

import "shop/kit/errs"

// What can go wrong with users and their sessions.
var (
	ErrUsernameTaken  = errs.New(errs.Refused, "username_taken")          // params: username
	ErrCredentials    = errs.New(errs.Unauthenticated, "bad_credentials") // Unknown name, wrong password or inactive user: one answer.
	ErrLoginThrottled = errs.New(errs.Limited, "login_throttled")         // RetryAfter says how long.
	ErrWrongPassword  = errs.New(errs.Refused, "wrong_password")          // The current password, when choosing a new one.
	ErrRefreshToken   = errs.New(errs.Unauthenticated, "refresh_invalid") // Unknown, expired or of an ended session.
	ErrRefreshReused  = errs.New(errs.Unauthenticated, "refresh_reused")  // Its session has been ended.
	ErrUserNotFound   = errs.New(errs.NotFound, "user_not_found")         // params: id
	ErrUserChanged    = errs.New(errs.Conflict, "user_changed")           // The credentials changed while they were being used.
)
