package resolver

import (
	"strings"
	"testing"
)

// TestIsDSOf: digests are compared as ldns makes them, whatever their case.
func TestIsDSOf(t *testing.T) {
	const (
		testKey = "257 3 13 acWbBk1QNjshXfWBRP4A9hvHoHNAT8sRwFN08jMwvJhc4n69KY8OuaRdJLh4F6pJ7TwAWcUPISL1L+cKHD5q3A=="
		testDS  = "3168 13 2 68FE3D3CD832B57AD2D9291BA6CD8F87864D90F3757BD3C22B644064BEBAB8C4"
	)
	for _, tt := range []struct {
		ds, name, key string
		want          bool
	}{
		{testDS, "acme.example", testKey, true},
		{strings.ToLower(testDS), "ACME.example.", testKey, true},
		{"3168 13 1 c312b447513d060d28508d40244bae6ff19c6c2c", "acme.example", testKey, true},
		{"3168 13 4 33c6ff890a6251f97c544c489e7071263466df5017dbad80967a07b48ecb92c5dafe9e97bcc2bd98e67cade73d9def4b", "acme.example", testKey, true},
		{"3168 13 9 00", "acme.example", testKey, true}, // of a digest that nobody knows here
		{testDS, "other.example", testKey, false},
		{strings.Replace(testDS, "68FE", "68FF", 1), "acme.example", testKey, false},
		{strings.Replace(testDS, "3168", "3169", 1), "acme.example", testKey, false},
		{strings.Replace(testDS, "13 2", "8 2", 1), "acme.example", testKey, false},
		{"3168", "acme.example", testKey, true},
		{testDS, "acme.example", "257 3 13 !", true},
	} {
		if got := IsDSOf(tt.ds, tt.name, tt.key); got != tt.want {
			t.Errorf("%s of %s: %t", tt.ds, tt.name, got)
		}
	}
}
