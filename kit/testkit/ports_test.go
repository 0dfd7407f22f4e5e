package testkit_test

import (
	"net"
	"strconv"
	"testing"

	"shop/kit/testkit"
)

func TestPortsAreGivenOnce(t *testing.T) {
	const used = 20
	first := testkit.Ports(t, 1000, 2000)
	if second := testkit.Ports(t); second < first+used && first < second+used {
		t.Errorf("%d and %d overlap", first, second)
	}
}

func TestPortsThatSomebodyListensOnAreNotGiven(t *testing.T) {
	var base int
	t.Run("a test that ends", func(t *testing.T) { base = testkit.Ports(t, 1000) })
	taken, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+1000+3)))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if again := testkit.Ports(t, 1000); again == base {
		t.Errorf("%d is given, but somebody listens at %s", again, taken.Addr())
	}
}
