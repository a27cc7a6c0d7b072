package inspect

import (
	"context"
	"errors"
	"io/fs"

	"mailworthy/internal/field"
	"mailworthy/internal/readfile"
	"mailworthy/provider"
	"mailworthy/rbl"
	"mailworthy/report"
)

// ReadPolicy reads the file that findings are judged by; nil, the default judgement, if none
// is named. The error is a *FieldError of "policy".
func ReadPolicy(ctx context.Context, file string) (*report.Policy, error) {
	if file == "" {
		return nil, nil
	}
	p, err := readfile.Await(ctx, func() (*report.Policy, error) { return report.ReadPolicy(file) })
	if path := (*fs.PathError)(nil); errors.As(err, &path) && path.Path == file {
		return nil, field.Because("policy", err) // it names the file
	} else if err != nil {
		return nil, field.BecauseOf("policy", file, err)
	}
	return p, nil
}

// ReadLists returns the built-in block lists as a file changes them, if one is named; keys
// come from the environment. Nobody may change it: the built-in one is shared. The error is a
// *FieldError of "lists".
func ReadLists(ctx context.Context, file string, getenv func(string) string) (*rbl.Catalogue, error) {
	if file == "" {
		return rbl.BuiltIn(), nil
	}
	c, err := readfile.Await(ctx, func() (*rbl.Catalogue, error) { return rbl.LoadCatalogue(file, getenv) })
	if err != nil {
		return nil, field.Because("lists", err)
	}
	return c, nil
}

// maxServices bounds a file of services.
const maxServices = 1 << 20

// ReadServices returns the built-in services with those of a file, if one is named. The
// error is a *FieldError of "services".
func ReadServices(file string) (*provider.Catalogue, error) {
	if file == "" {
		return provider.Builtin(), nil
	}
	text, err := readfile.Read(file, maxServices, readfile.Wait)
	if err != nil {
		return nil, field.BecauseOf("services", file, err)
	}
	c, err := provider.Builtin().With(string(text))
	if err != nil {
		return nil, field.BecauseOf("services", file, err)
	}
	return c, nil
}
