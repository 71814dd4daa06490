package clienttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc/codes"
)

const secret = "s3cret-api-token"

func lastAuthorization(fake *fakeSidecar) []string {
	calls := fake.received()
	return calls[len(calls)-1].metadata.Get("authorization")
}

func expectAuthorization(t *testing.T, fake *fakeSidecar, want ...string) {
	t.Helper()
	if got := lastAuthorization(fake); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("authorization is %q", got)
	}
}

func TestAPITokenIsSentWithEveryCall(t *testing.T) {
	fake := startFake(t, whole)
	session := open(t, dial(t, fake.address, sidecar.WithAPIToken(secret)))
	expectAuthorization(t, fake, "Bearer "+secret)
	check(t, session.Set("key", 1))
	check(t, session.Save(patient(t)))
	expectAuthorization(t, fake, "Bearer "+secret)
	open(t, dial(t, fake.address))
	expectAuthorization(t, fake)
}

func TestAPITokenFileIsReadAgainWhenItChanges(t *testing.T) {
	fake := startFake(t, whole)
	path := filepath.Join(t.TempDir(), "token")
	replace := func(text string) {
		check(t, os.WriteFile(path+".new", []byte(text), 0o600))
		check(t, os.Rename(path+".new", path))
	}
	client := dial(t, fake.address, sidecar.WithAPITokenFile(path))
	_, err := client.Open(patient(t), "token")
	if sidecar.CodeOf(err) != sidecar.CodeAPITokenInvalid || !strings.Contains(err.Error(), path) {
		t.Errorf("without the file: %v", err)
	}
	replace("  first\n")
	open(t, client)
	expectAuthorization(t, fake, "Bearer first")
	replace("other\n")
	open(t, client)
	expectAuthorization(t, fake, "Bearer other")
	for _, invalid := range []string{"", "not\nvalid\n"} {
		replace(invalid)
		open(t, client)
		expectAuthorization(t, fake, "Bearer other")
	}
	check(t, os.Remove(path))
	open(t, client)
	expectAuthorization(t, fake, "Bearer other")
}

func TestAPITokenIsNeverPrinted(t *testing.T) {
	fake := startFake(t, func(int, call) (any, error) {
		return nil, &refusal{status_: codes.Unauthenticated, reason: "API_TOKEN_INVALID"}
	})
	unfit := secret + "\nsecond line"
	for _, token := range []string{secret, unfit} {
		option := sidecar.WithAPIToken(token)
		client := dial(t, fake.address, option)
		_, err := client.Open(patient(t), "token")
		if sidecar.CodeOf(err) != sidecar.CodeAPITokenInvalid {
			t.Errorf("got %v", err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if printed := fmt.Sprintf(verb+verb+verb, err, client, option); strings.Contains(printed, secret) {
				t.Errorf("%s prints %s", verb, printed)
			}
		}
	}
	if got := len(fake.received()); got != 1 {
		t.Errorf("a token that no header can carry was sent; %d calls", got)
	}
}
