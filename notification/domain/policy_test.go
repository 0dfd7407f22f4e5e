package domain_test

import (
	"slices"
	"testing"
	"time"

	"shop/notification/domain"
)

func policy() domain.Policy {
	return domain.Policy{Attempts: 8, First: time.Second, Longest: time.Hour}
}

func TestTheLadderGoesFromASecondToAnHour(t *testing.T) {
	var got []time.Duration
	for attempts := 1; ; attempts++ {
		pause, again := policy().Pause(attempts, 0, 0)
		if !again {
			break
		}
		got = append(got, pause)
	}
	want := []time.Duration{
		time.Second, 4 * time.Second, 16 * time.Second, 64 * time.Second,
		256 * time.Second, 1024 * time.Second, time.Hour,
	}
	if !slices.Equal(got, want) {
		t.Errorf("pauses: got %v, want %v", got, want)
	}
}

func TestPauseIsBounded(t *testing.T) {
	for attempts := 1; attempts < 8; attempts++ {
		whole, _ := policy().Pause(attempts, 0, 0)
		spread, _ := policy().Pause(attempts, 0, 0.999)
		if spread > whole || spread < whole*4/5 {
			t.Errorf("after %d attempts: spread pause %v, want within a fifth below %v", attempts, spread, whole)
		}
	}
	tests := map[string]struct{ asked, want time.Duration }{
		"the receiver asks for longer":      {time.Minute, time.Minute},
		"the receiver asks for less":        {time.Millisecond, time.Second},
		"the receiver asks for a whole day": {24 * time.Hour, time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, again := policy().Pause(1, tt.asked, 0); got != tt.want || !again {
				t.Errorf("got %v %v, want %v", got, again, tt.want)
			}
		})
	}
	if pause, _ := (domain.Policy{Attempts: 1 << 30, First: time.Hour, Longest: 1<<63 - 1}).Pause(1<<20, 0, 0); pause <= 0 {
		t.Errorf("pause after a million attempts: got %v, want a positive one", pause)
	}
}
