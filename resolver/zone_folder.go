package resolver

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sniffed is how much of a file is looked at to see whether it is a zone file.
const sniffed = 16 << 10

// ZoneFiles returns the zone files of a folder, in the order of their names: every
// .zone file, and the .db and .txt files that start as zone files do. The .db and
// .txt files that do not are other: notes and databases stand in such folders too.
// What is neither a file nor a link to one is passed over.
func ZoneFiles(folder string) (zones, other []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		kind := strings.ToLower(filepath.Ext(e.Name()))
		if kind != ".zone" && kind != ".db" && kind != ".txt" {
			continue
		}
		file := filepath.Join(folder, e.Name())
		info, err := os.Stat(file)
		if err == nil && !info.Mode().IsRegular() {
			continue
		}
		switch {
		case kind == ".zone" || err != nil:
			// What cannot be read is said by who loads it.
			zones = append(zones, file)
		default:
			is, err := startsAsZone(file)
			if err != nil {
				return nil, nil, fmt.Errorf("zone file %s: %w", file, err)
			}
			if is {
				zones = append(zones, file)
			} else {
				other = append(other, file)
			}
		}
	}
	return zones, other, nil
}

// startsAsZone reports whether the first entry of a file is one of a zone file. A
// mistake further on is then one in a zone file.
func startsAsZone(file string) (bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, sniffed))
	if err != nil {
		return false, err
	}
	if utf16(string(text)) {
		return false, nil
	}
	var e entry
	if ok, wrong := newZoneScanner(string(text)).next(&e); !ok || wrong != "" {
		return false, nil
	}
	if t := e.tokens[0]; !t.quoted && strings.HasPrefix(t.text, "$") {
		return true, nil
	}
	// A record: its owner, maybe TTL and class, its type and data.
	rest := e.tokens
	if !e.blank {
		rest = rest[1:]
	}
	for len(rest) > 1 && !rest[0].quoted {
		text := strings.ToUpper(rest[0].text)
		if _, ok := parseTTL(text); !ok && !isClass(text) {
			_, known := ParseType(text)
			return known, nil
		}
		rest = rest[1:]
	}
	return false, nil
}

// ExpandZones returns the files that specs name, each FILE, FILE@ORIGIN or a folder: it
// stands for the zone files in it. Other are files of the folders that could have been
// meant (ZoneFiles).
func ExpandZones(specs []string) (files, other []string, err error) {
	for _, spec := range specs {
		if info, err := os.Stat(spec); err != nil || !info.IsDir() {
			files = append(files, spec)
			continue
		}
		inside, left, err := ZoneFiles(spec)
		if err != nil {
			return nil, other, fmt.Errorf("%s: %w", spec, err)
		}
		other = append(other, left...)
		if len(inside) == 0 {
			return nil, other, fmt.Errorf("%s: the folder holds no .zone, .db or .txt zone file", spec)
		}
		files = append(files, inside...)
	}
	return files, other, nil
}

// ReplaceZones returns the file and those of the specs (ExpandZones) that hold no zone
// which it holds too: the rest of the world beside it.
func ReplaceZones(specs []string, file string) ([]string, error) {
	replaced, err := LoadZone(file)
	if err != nil {
		return nil, err
	}
	files, _, err := ExpandZones(specs)
	if err != nil {
		return nil, err
	}
	kept := []string{file}
	for _, one := range files {
		set, err := LoadZone(one)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(set.Origins(), func(o string) bool { return slices.Contains(replaced.Origins(), o) }) {
			kept = append(kept, one)
		}
	}
	return kept, nil
}
