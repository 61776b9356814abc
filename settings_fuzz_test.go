package stoa_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stoashop/stoa"
)

// Whatever stands in the settings file: settings that are read, or lines that
// say what is wrong.
func FuzzReadSettings(f *testing.F) {
	for _, seed := range []string{
		"", "# nothing\n", "STOA_LISTEN = localhost:8080\n", "STOA_LISTEN=\"\"\n", "STOA_LISTN = x\n", "no equals\n", "STOA_DATABASE = postgres://%zz\n",
		"STOA_TEST_MODE = 1\nSTOA_TEST_MODE = maybe\n", "\xef\xbb\xbfSTOA_LISTEN = :80\n", "STOA_URL = http://[::1\n", "STOA_MASTER_KEY = short\n", "=\n", "STOA_\xff = 1\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "stoa.conf")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := stoa.ReadSettings(nil, file)
		var wrong *stoa.SettingsError
		if err != nil && (!errors.As(err, &wrong) || len(wrong.Lines) == 0) {
			t.Errorf("refused without a line: %v", err)
		}
		if err == nil && (s.Listen == "" || s.Data == "") {
			t.Errorf("let in %+v", s)
		}
	})
}
