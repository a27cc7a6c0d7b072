package bimi

import "strings"

// The allow list of SVG Tiny PS: what the schema of the profile has
// (draft-svg-tiny-ps-abrotman, with the RELAX NG schema of the BIMI group).

// elements are those of the profile.
var elements = set("circle defs desc ellipse font font-face g glyph hkern line linearGradient metadata missing-glyph path polygon polyline " +
	"radialGradient rect solidColor stop svg text textArea title use")

// running are elements that no logo may have, with what each does.
var running = map[string]string{
	"script": "runs a script", "handler": "runs a script", "listener": "runs a script",
	"animate": "is an animation", "animateColor": "is an animation", "animateMotion": "is an animation", "animateTransform": "is an animation", "animation": "is an animation",
	"set": "is an animation", "mpath": "is an animation", "discard": "is an animation",
	"image": "shows another image", "foreignObject": "shows what is no SVG", "video": "plays a video", "audio": "plays a sound",
	"a": "is a link", "style": "is a style sheet, which can load others", "prefetch": "loads another file",
}

// free are elements whose own attributes are not judged one by one: those of fonts are
// many, and metadata are not drawn.
var free = set("font font-face glyph hkern missing-glyph metadata")

// common are attributes that any element may have.
var common = set("about class content datatype id property rel resource rev role typeof " +
	"audio-level buffered-rendering color color-rendering direction display display-align fill fill-opacity fill-rule font-family font-size font-style " +
	"font-variant font-weight image-rendering line-increment overflow shape-rendering solid-color solid-opacity stop-color stop-opacity stroke " +
	"stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-align text-anchor " +
	"text-rendering unicode-bidi vector-effect viewport-fill viewport-fill-opacity visibility " +
	"requiredFonts requiredFeatures requiredFormats requiredExtensions systemLanguage")

// particular are the attributes of single elements.
var particular = map[string][]string{
	"svg": strings.Fields("width height viewBox preserveAspectRatio version baseProfile zoomAndPan contentScriptType playbackOrder timelineBegin snapshotTime " +
		"focusable externalResourcesRequired"),
	"circle":         strings.Fields("cx cy r transform"),
	"ellipse":        strings.Fields("cx cy rx ry transform"),
	"g":              strings.Fields("transform"),
	"line":           strings.Fields("x1 x2 y1 y2 transform"),
	"linearGradient": strings.Fields("gradientUnits gradientTransform x1 x2 y1 y2"),
	"radialGradient": strings.Fields("gradientUnits gradientTransform cx cy r"),
	"path":           strings.Fields("d pathLength transform"),
	"polygon":        strings.Fields("points transform"),
	"polyline":       strings.Fields("points transform"),
	"rect":           strings.Fields("x y width height rx ry transform"),
	"stop":           strings.Fields("offset"),
	"text":           strings.Fields("x y rotate editable transform"),
	"textArea":       strings.Fields("x y width height editable transform"),
	"use":            strings.Fields("x y transform"),
}

// fixed are attributes of the root that can have one value alone.
var fixed = []struct{ name, value string }{{"zoomAndPan", "disable"}, {"focusable", "false"}, {"externalResourcesRequired", "false"}, {"snapshotTime", "none"}}

func set(names string) map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(names) {
		out[name] = true
	}
	return out
}
