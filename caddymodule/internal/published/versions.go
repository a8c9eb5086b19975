package published

import (
	"debug/buildinfo"
	"fmt"
	"runtime/debug"
	"strings"
)

const (
	modulePath = "github.com/porterslodge/porterslodge"
	caddyPath  = "github.com/caddyserver/caddy/v2"
	badgerPath = "github.com/dgraph-io/badger/v4"
)

// Versions are those of what is in a binary.
type Versions struct {
	Go           string `json:"go"`
	Porterslodge string `json:"porterslodge"`
	Caddy        string `json:"caddy"`
	Badger       string `json:"badger"`
}

// VersionsOf reads them from a binary.
func VersionsOf(binary string) (Versions, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return Versions{}, err
	}
	return versionsIn(info), nil
}

func versionsIn(info *debug.BuildInfo) Versions {
	v := Versions{Go: strings.TrimPrefix(info.GoVersion, "go"), Porterslodge: info.Main.Version}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v.Porterslodge == "" || v.Porterslodge == "(devel)") {
			v.Porterslodge = s.Value[:min(len(s.Value), 12)]
		}
	}
	for _, m := range info.Deps {
		switch m.Path {
		case caddyPath:
			v.Caddy = m.Version
		case badgerPath:
			v.Badger = m.Version
		case modulePath:
			v.Porterslodge = m.Version
		}
	}
	return v
}

func (v Versions) String() string {
	return fmt.Sprintf("Porterslodge %s, Caddy %s, Badger %s, Go %s", v.Porterslodge, v.Caddy, v.Badger, v.Go)
}
