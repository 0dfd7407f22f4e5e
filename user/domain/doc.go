// Package domain is what is true of users, their passwords, their sessions and
// their failed logins without any software: values that are valid because they
// exist, and decisions that are pure functions of their arguments.
package domain
