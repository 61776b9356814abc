package main

import (
	"regexp"
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	for name, tt := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"no version control": {debug.BuildInfo{}, "stoa development\ncommit unknown\n"},
		"a release":          {debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{setting("vcs.revision", "0a1b2c"), setting("vcs.modified", "false")}}, "stoa v1.2.3\ncommit 0a1b2c\n"},
		"changed since":      {debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{setting("vcs.revision", "0a1b2c"), setting("vcs.modified", "true")}}, "stoa development\ncommit 0a1b2c, modified\n"},
	} {
		if got := versionOf(&tt.info); !regexp.MustCompile(`^` + regexp.QuoteMeta(tt.want) + `go\S+ \w+/\w+\n$`).MatchString(got) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
