package report

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"strings"
)

// Brand is what a consultant's reports begin with in HTML and PDF: a cover.
type Brand struct {
	// Title is a line of text such as the name of who audited.
	Title string `yaml:"title"`
	// Logo is a file, PNG or SVG, relative to the file of the policy. It is embedded:
	// nothing is fetched.
	Logo string `yaml:"logo"`

	data string
}

// MaxLogo bounds a logo in bytes, maxLogoSide a PNG in pixels, maxBrandTitle the title.
const (
	MaxLogo       = 512 << 10
	maxLogoSide   = 8000
	maxBrandTitle = 200
)

// SetLogo takes the content of the logo's file. An error says why it cannot be used.
func (b *Brand) SetLogo(content []byte) error {
	if len(content) > MaxLogo {
		return fmt.Errorf("it has more than %d KB", MaxLogo>>10)
	}
	if bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")) {
		size, err := png.DecodeConfig(bytes.NewReader(content))
		if err != nil {
			return err
		}
		if size.Width > maxLogoSide || size.Height > maxLogoSide {
			return fmt.Errorf("it is %d × %d pixels; at most %d on each side", size.Width, size.Height, maxLogoSide)
		}
		b.data = "data:image/png;base64," + base64.StdEncoding.EncodeToString(content)
		return nil
	}
	dec := xml.NewDecoder(bytes.NewReader(content))
	for {
		token, err := dec.Token()
		if err != nil {
			return errors.New("it is neither PNG nor SVG")
		}
		if root, ok := token.(xml.StartElement); ok {
			if root.Name.Local != "svg" || root.Name.Space != "http://www.w3.org/2000/svg" {
				return errors.New("it is neither PNG nor SVG (its first element is no svg of http://www.w3.org/2000/svg)")
			}
			// As an image, an SVG runs no script and loads nothing.
			b.data = "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(content)
			return nil
		}
	}
}

// DataURL is the logo as a URL of data; empty if there is none, or no brand.
func (b *Brand) DataURL() string {
	if b == nil {
		return ""
	}
	return b.data
}

// check says what is wrong with a brand, if anything is.
func (b *Brand) check() error {
	switch {
	case b == nil:
		return nil
	case b.Title == "" && b.Logo == "":
		return errors.New("it needs a title or a logo")
	case len(b.Title) > maxBrandTitle:
		return fmt.Errorf("the title has more than %d bytes", maxBrandTitle)
	case strings.Contains(b.Logo, "://"):
		return fmt.Errorf("logo: %q is a URL; name a file: nothing is fetched", b.Logo)
	}
	return nil
}
