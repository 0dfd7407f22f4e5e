package order_test

import (
	"testing"

	"shop/kit/archtest"
)

func TestImports(t *testing.T) { archtest.Check(t, ".") }
