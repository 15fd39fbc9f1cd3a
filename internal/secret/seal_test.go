package secret

import "testing"

func TestSealedSecretsOpenWithTheirKeyOnly(t *testing.T) {
	t.Parallel()
	with, other, without := NewSealer("a key of the server"), NewSealer("another key of one"), Sealer{}
	stored, err := with.Seal("whsec_x")
	if err != nil || stored == "whsec_x" {
		t.Fatalf("%q, %v", stored, err)
	}
	if again, _ := with.Seal("whsec_x"); again == stored {
		t.Error("the same secret looks the same twice")
	}
	if got, err := with.Open(stored); err != nil || got != "whsec_x" {
		t.Errorf("%q, %v", got, err)
	}
	for name, s := range map[string]Sealer{"another key": other, "no key": without} {
		if got, err := s.Open(stored); err == nil {
			t.Errorf("%s opens it: %q", name, got)
		}
	}
	if got, err := with.Open("plain"); err != nil || got != "plain" {
		t.Errorf("what was stored without a key: %q, %v", got, err)
	}
}
