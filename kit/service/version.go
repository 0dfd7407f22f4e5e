package service

import "runtime/debug"

// Set by the linker: -ldflags "-X shop/kit/service.version=1.2.3 -X
// shop/kit/service.revision=…", for builds outside of a repository.
var version, revision string

// BuildVersion returns the version of this program, "dev" if nobody gave it one.
func BuildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

// BuildRevision returns the commit this program was built from, with "+dirty"
// if it was changed since; "unknown" outside of a repository.
func BuildRevision() string {
	if revision != "" {
		return revision
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	commit, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	return commit + dirty
}
